"""Native modules: `convlet` as a `.mpy` that stock firmware imports, built for each processor that it may have."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

from convlet import __version__, firmware, firmware_recipes, sources
from convlet.board import Board
from convlet.errors import BoardError, ToolError
from convlet.files import cache_folder, keep_newest
from convlet.format import CHOOSABLE
from convlet.locks import locked
from convlet.processes import run
from convlet.progress import SILENT, Progress
from convlet.resources import MODULE_FOLDER
from convlet.sources import Sources

# What the header of a .mpy file and `sys.implementation._mpy` say: py/persistentcode.h of MicroPython.
MPY_VERSION, MPY_SUB_VERSION = 6, 3
FIRST_MICROPYTHON = "1.23"  # with these versions; none has left them since
_ARCHITECTURES_BY_CODE = (
    *("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em"),
    *("armv7emsp", "armv7emdp", "xtensa", "xtensawin", "rv32imc"),
)
_ASK = "import sys\nprint(getattr(sys.implementation, '_mpy', 0))"
PLACE = "/lib/convlet.mpy"
_NEW = "/convlet.mpy.unproved"  # where it is broken off, the next deploy removes what is called so
_INSTALL = f"""
import os
try:
    os.mkdir("/lib")
except OSError:
    pass
try:
    os.remove({PLACE!r})
except OSError:
    pass
os.rename({_NEW!r}, {PLACE!r})
"""
_RECORD = "native.json"


@dataclass(frozen=True)
class Architecture:
    """A processor as MicroPython's native modules know it.

    `compilers`: the first of them that this computer has makes its modules. `takes`: firmware of these also loads them.
    """

    name: str
    boards: str
    compilers: tuple[str, ...]
    takes: tuple[str, ...] = ()

    @property
    def compiler(self) -> str | None:
        return next((name for name in self.compilers if shutil.which(name)), None)


_ARM = ("arm-none-eabi-gcc",)


# The modules give no floats in registers to the firmware, so that a difference in how those are passed is none.
ARCHITECTURES = {
    architecture.name: architecture
    for architecture in (
        Architecture("armv6m", "Pico (RP2040)", _ARM),
        Architecture("armv7m", "Cortex-M3, M4 without FPU", _ARM, ("armv7em",)),
        Architecture("armv7emsp", "Pico 2, STM32F4, Cortex-M7", _ARM, ("armv7emdp",)),
        Architecture("rv32imc", "ESP32-C3, C6", ("riscv64-unknown-elf-gcc",)),
        Architecture("x64", "unix port", ("gcc",)),
        # Debian's before ESP-IDF's: its modules are those that are tested, and run on the S2, which has no FPU.
        Architecture("xtensawin", "ESP32, S2, S3", ("xtensa-lx106-elf-gcc", "xtensa-esp32-elf-gcc")),
    )
}


@dataclass(frozen=True)
class NativeModule:
    """A finished `.mpy`. `code_bytes` and `data_bytes` lie in the board's RAM once it is imported."""

    architecture: str
    path: Path
    code_bytes: int
    data_bytes: int
    file_bytes: int


def available() -> list[str]:
    """The architectures whose compiler this computer has.

    >>> "x64" in available()
    True
    """
    return [name for name, each in ARCHITECTURES.items() if each.compiler]


def build(
    architecture: str, *, operators: Collection[str] = CHOOSABLE, progress: Progress = SILENT
) -> NativeModule:
    """The module for an architecture, from the cache when nothing it is made of has changed.

    Of the engine's operators only `operators` are in it. Raises ToolError when the compiler is missing, or with its
    message.

    >>> build("armv6m").path.name
    'convlet.mpy'
    """
    target = _find(architecture)
    compiler = target.compiler
    if compiler is None:
        raise ToolError(
            f"the native module for {architecture} ({target.boards}) needs the compiler {target.compilers[0]}, "
            "which is not installed: `convlet doctor` says how to get it"
        )
    found = sources.locate()
    chosen = " ".join(name for name in CHOOSABLE if name in operators)
    folder = cache_folder() / "native"
    with locked(folder / f"{architecture}.lock"):
        finished = folder / f"{architecture}-{_digest(target, compiler, found, chosen)}"
        if not (found.is_fixed and (finished / _RECORD).exists()):
            progress.step(f"Building the native module for {architecture}")
            _build_in_cache(target, compiler, found, chosen, finished)
        finished.touch()
        keep_newest(folder.glob(f"{architecture}-*"), firmware.KEPT)
    record = json.loads((finished / _RECORD).read_text())
    return NativeModule(**record | {"path": finished / record["path"]})


def fitting(mpy: int) -> str:
    """The architecture whose module firmware loads that has this value of `sys.implementation._mpy`.

    Raises BoardError saying why when it loads none.

    >>> fitting((4 << 10) | (MPY_SUB_VERSION << 8) | MPY_VERSION)  # of a Raspberry Pi Pico
    'armv6m'
    """
    version, sub_version = mpy & 0xFF, mpy >> 8 & 3
    code = mpy >> 10 & 0xF
    if mpy == 0 or code == 0:
        raise BoardError("its firmware loads no native modules: flash one made by `convlet firmware build`")
    if (version, sub_version) != (MPY_VERSION, MPY_SUB_VERSION):
        raise BoardError(
            f"its firmware takes native modules of version {version}.{sub_version}, these are "
            f"{MPY_VERSION}.{MPY_SUB_VERSION}: flash MicroPython {FIRST_MICROPYTHON} or newer"
        )
    name = _ARCHITECTURES_BY_CODE[code] if code < len(_ARCHITECTURES_BY_CODE) else f"number {code}"
    for each in ARCHITECTURES.values():
        if name in (each.name, *each.takes):
            return each.name
    raise BoardError(
        f"its processor is {name}, for which there is no native module; there are: {', '.join(ARCHITECTURES)}"
    )


def install(
    board: Board, *, operators: Collection[str] = CHOOSABLE, progress: Progress = SILENT
) -> NativeModule:
    """Put the module that fits on a board whose firmware has none, as PLACE.

    Raises BoardError when its firmware takes none, and ToolError when the one that it takes cannot be built here. What
    was there before stays until the new one has arrived whole.
    """
    module = build(fitting(int(board.run(_ASK))), operators=operators, progress=progress)
    data = module.path.read_bytes()
    try:
        with progress.bar(f"writing {len(data):,} bytes", total=len(data)) as advance:
            board.write_file(_NEW, data, advance)
        board.check_file(_NEW, data)
        board.run(_INSTALL)
    except BoardError:
        with contextlib.suppress(BoardError):
            board.recover()
            board.remove(_NEW)
        raise
    return module


def package_json(module: NativeModule) -> str:
    """A package.json with which `mpremote mip install` copies the `.mpy` beside it to a board."""
    package = {"urls": [["convlet.mpy", module.path.name]], "version": __version__}
    return json.dumps(package, indent=2) + "\n"


def _find(architecture: str) -> Architecture:
    try:
        return ARCHITECTURES[architecture]
    except KeyError:
        known = ", ".join(ARCHITECTURES)
        raise ToolError(f"no architecture is called {architecture}; there are: {known}") from None


def _build_in_cache(
    target: Architecture, compiler: str, found: Sources, operators: str, finished: Path
) -> None:
    """Build in a temporary folder, and rename what is kept when it is whole."""
    # Named so, what a killed process leaves is forgotten with the old ones.
    with tempfile.TemporaryDirectory(prefix=f"{target.name}-", dir=finished.parent) as name:
        work, whole = Path(name) / "work", Path(name) / "whole"
        whole.mkdir()
        settings = {
            "ARCH": target.name,
            "CROSS": compiler.removesuffix("gcc"),
            "MPY_DIR": found.micropython,
            "MPY_CROSS": firmware.mpy_cross(found),
            "PYTHON": sys.executable,
            "BUILD": work,
            "CVL_OPS": operators,
        }
        words = [f"{key}={value}" for key, value in settings.items()]
        purpose = f"build the native module for {target.name}"
        log = run(["make", firmware_recipes.jobs(), "-C", MODULE_FOLDER, *words], purpose)
        path = whole / "convlet.mpy"
        shutil.copy2(work / "convlet.mpy", path)
        sizes = [int(size) for size in re.findall(r"^(?:text|rodata|bss) size: +(\d+)$", log, re.MULTILINE)]
        module = NativeModule(target.name, Path(path.name), sum(sizes[:-1]), sizes[-1], path.stat().st_size)
        (whole / _RECORD).write_text(json.dumps(asdict(module), default=str, indent=1))
        if finished.exists():
            shutil.rmtree(finished)
        whole.rename(finished)


def _digest(target: Architecture, compiler: str, found: Sources, operators: str) -> str:
    version = run([compiler, "--version"], f"build the native module for {target.name}")
    digest = hashlib.sha256(repr((target, compiler, found.identity, version, operators)).encode())
    files = [
        *MODULE_FOLDER.glob("*.*"),
        MODULE_FOLDER / "Makefile",
        *(MODULE_FOLDER / "engine").iterdir(),
        *(MODULE_FOLDER / "xtensa").iterdir(),
    ]
    for path in sorted(files):
        digest.update(f"\n{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
