"""What the engine's code takes of a processor's flash, file by file and operator by operator, MicroPython apart."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from convlet import map_file
from convlet.bench_build import HARNESS, Core, Engine, build
from convlet.engine_build import declarations
from convlet.format import FEATURES, OPERATORS, STEMS
from convlet.processes import run

_ADDRESS = 0x10000000  # any but 0, which the linker's map has for what was dropped


@dataclass(frozen=True)
class EngineSize:
    """Bytes of code and constants.

    `file_bytes` of each C file. `library`: of the functions of the compiler's and the C library that the engine calls,
    such as those for floating point, which a firmware mostly has already.
    """

    file_bytes: dict[str, int]
    library: int

    @property
    def total(self) -> int:
        """Of the engine alone."""
        return sum(self.file_bytes.values())


@cache
def measure_engine(engine: Engine, kernels: tuple[str, ...] = ()) -> EngineSize:
    """Link all that convlet.h declares, and the kernels of these stems, and what they need. Raises ToolError.

    >>> from convlet.bench_build import CORES
    >>> size = measure_engine(build(CORES["m0plus"]))
    >>> size.total == sum(size.file_bytes.values())
    True
    """
    core = engine.core
    roots = [*_public(), *(f"cvl_{stem}_{what}" for stem in kernels for what in ("row", "prove"))]
    with tempfile.TemporaryDirectory() as name:
        elf, link_map = Path(name) / "engine.elf", Path(name) / "engine.map"
        command: list[str | Path] = [
            *core.compiler,
            "-nostartfiles",
            "-Wl,--gc-sections,--unresolved-symbols=ignore-all",  # an ESP8266 has some in its ROM
            *(f"-Wl,-u,{root}" for root in roots),
            f"-T{HARNESS / 'bench.ld'}",
            f"-Wl,--defsym=BENCH_CODE={_ADDRESS},--defsym=BENCH_RAM={2 * _ADDRESS},-Map={link_map}",
            *engine.own_objects,
            *core.libraries,
            "-o",
            elf,
        ]
        run(command, f"link the engine for {core.title}")
        words = run([f"{core.tools}size", elf], "measure the engine").splitlines()[1].split()
        file_bytes = map_file.file_bytes(link_map.read_text(), engine.folder.name)
    return EngineSize(file_bytes, int(words[0]) - sum(file_bytes.values()))


def operator_bytes(core: Core) -> dict[str, int]:
    """What each operator adds to an engine that has none but INPUT, and all features; those that share a kernel have
    one entry. Operators that call the same functions have them counted each.

    >>> from convlet.bench_build import CORES
    >>> sizes = operator_bytes(CORES["m0plus"])
    >>> sizes["CONV_2D"] > sizes["RESHAPE"]
    True
    """
    engine = build(core, FEATURES)
    bare = measure_engine(engine).total
    found = {}
    for stem in dict.fromkeys(STEMS[name] for name in OPERATORS[1:]):
        names = ", ".join(name for name in OPERATORS if STEMS[name] == stem)
        found[names] = measure_engine(engine, (stem,)).total - bare
    return found


def _public() -> list[str]:
    """The functions of convlet.h."""
    return re.findall(r"\b(cvl_\w+)\s*\(", declarations())
