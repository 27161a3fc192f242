"""Builds the engine for an emulator that counts instructions, once for each state of its sources."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from convlet.engine_build import ENGINE, engine_sources
from convlet.files import cache_folder, keep_newest
from convlet.format import CHOOSABLE, STEMS
from convlet.locks import locked
from convlet.processes import run
from convlet.resources import MODULE_FOLDER

HARNESS = MODULE_FOLDER / "bench"
_KEPT = 6  # builds for one processor that stay in the cache
# Those of MicroPython's rp2 port; files of small.txt are compiled for size.
_FLAGS = ("-std=gnu99", "-g", "-Wall", "-Werror", "-ffunction-sections", "-fdata-sections", "-DNDEBUG")
_SMALL, _FAST = "-Os", "-O2"
_XTENSA = ("float.c", "multiply.c")  # in place of functions that Debian's libgcc leaves out
# How a processor with register windows starts, and what it has in place of libgcc.
_WINDOWED = ("../native_divide.c", *(f"../xtensa/{name}" for name in ("start.S", "divide.c", *_XTENSA)))


@dataclass(frozen=True)
class Core:
    """A processor and the emulator's board that has it."""

    name: str
    title: str
    tools: str  # what the compiler's name and those of its companions begin with
    flags: tuple[str, ...]
    sources: tuple[str, ...]  # in HARNESS
    emulator: tuple[str, ...]
    code_address: int
    ram_address: int
    shift: int  # an instruction takes 2^shift ns of the emulator's time
    clock: float  # of the counter, Hz
    defines: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ("-lc", "-lgcc")

    @property
    def compiler(self) -> list[str]:
        """The beginning of a command."""
        return [f"{self.tools}gcc", *self.flags]

    @property
    def ticks(self) -> float:
        """Of the counter, for one instruction."""
        return 2**self.shift * 1e-9 * self.clock


def _cortex(
    name: str, title: str, cpu: str, machine: str, code: int = 0, ram: int = 0x20000000, clock: float = 25e6
) -> Core:
    # The timer lies where the processor's world, secure or not, sees it. QEMU has no board with a Cortex-M0+ and enough
    # memory: its code runs on the Cortex-M3, which executes the same instructions.
    timer = 0x50000000 if code else 0x40000000
    return Core(
        name,
        title,
        "arm-none-eabi-",
        (f"-mcpu={cpu}", "-mthumb", "-mfloat-abi=soft"),
        ("cortex_m.c",),
        ("qemu-system-arm", "-M", machine),
        code,
        ram,
        shift=8,
        clock=clock,
        defines=(f"-DBENCH_TIMER=0x{timer:x}", f"-DBENCH_TRAPS_UNALIGNED={int(name == 'm0plus')}"),
    )


CORES = {
    core.name: core
    for core in (
        _cortex("m0plus", "Cortex-M0+", "cortex-m0plus", "mps2-an385"),
        _cortex("m3", "Cortex-M3", "cortex-m3", "mps2-an385"),
        _cortex("m4", "Cortex-M4", "cortex-m4", "mps2-an386"),
        _cortex("m7", "Cortex-M7", "cortex-m7", "mps2-an500"),
        _cortex("m33", "Cortex-M33", "cortex-m33", "mps2-an505", 0x10000000, 0x38000000, 20e6),
        Core(
            "rv32imc",
            "RV32IMC",
            "riscv64-unknown-elf-",
            ("-march=rv32imc", "-mabi=ilp32", "-misa-spec=2.2", "--specs=picolibc.specs"),
            ("riscv.c",),
            ("qemu-system-riscv32", "-M", "virt", "-bios", "none"),
            0x80000000,
            0x80400000,
            shift=0,
            clock=1e9,
        ),
        Core(
            "xtensa",
            "Xtensa LX106",
            "xtensa-lx106-elf-",
            ("-mlongcalls",),
            ("xtensa.c", "lx106_rom.c", *(f"../xtensa/{name}" for name in _XTENSA)),
            ("qemu-system-xtensa", "-M", "sim", "-cpu", "lx106"),
            0x50000000,
            0x60000000,
            shift=6,
            clock=40e6,
        ),
        Core(
            "xtensawin",
            "Xtensa 233L",
            "xtensa-lx106-elf-",
            ("-mabi=windowed", f"-Wa,{MODULE_FOLDER / 'xtensa' / 'windowed.s'}", "-Wl,--no-relax"),
            ("xtensa.c", "memory.c", *_WINDOWED),
            ("qemu-system-xtensa", "-M", "sim", "-cpu", "de233_fpu"),
            0xFE000000,
            0x00100000,
            shift=6,
            clock=40e6,
            defines=("-D__aeabi_fdiv=__divsf3",),
            libraries=(),
        ),
    )
}


@dataclass(frozen=True)
class Engine:
    """A compiled engine and its harness: the objects to link."""

    core: Core
    folder: Path

    @property
    def objects(self) -> list[Path]:
        return sorted(self.folder.glob("*.o"))

    @property
    def own_objects(self) -> list[Path]:
        """Those of the engine alone."""
        return [self.folder / f"{source.stem}.o" for source in engine_sources()]


def build(core: Core, operators: Collection[str] = CHOOSABLE) -> Engine:
    """The engine with `operators` for `core`, from the cache when nothing it is made of has changed.

    Raises ToolError.

    >>> build(CORES["m0plus"]).core.title
    'Cortex-M0+'
    """
    folder = cache_folder() / "bench"
    folder.mkdir(exist_ok=True)
    chosen = tuple(name for name in CHOOSABLE if name in operators)
    with locked(folder / f"{core.name}.lock"):
        finished = folder / f"{core.name}-{_digest(core, chosen)}"
        if not finished.is_dir():
            # Named so, what a killed process leaves is forgotten as well.
            with tempfile.TemporaryDirectory(prefix=f"{core.name}-", dir=folder) as name:
                made = Path(name) / "made"
                made.mkdir()
                _compile(core, made, chosen)
                made.rename(finished)
        finished.touch()
        keep_newest(folder.glob(f"{core.name}-*"), _KEPT)
    return Engine(core, finished)


def link(engine: Engine, elf: Path, source: Path, wrapped: bool) -> None:
    """Link the engine with what the assembler source `source` has. `wrapped`: count the ticks of every kernel."""
    core = engine.core
    places = f"-Wl,--defsym=BENCH_CODE={core.code_address},--defsym=BENCH_RAM={core.ram_address}"
    wraps = [f"-Wl,--wrap=cvl_{stem}_row" for stem in _stems()] if wrapped else []
    objects = [path for path in engine.objects if wrapped or path.name != "profile.o"]
    command: list[str | Path] = [
        *core.compiler,
        "-nostartfiles",
        "-Wl,--gc-sections",
        f"-T{HARNESS / 'bench.ld'}",
        places,
        *wraps,
        source,
        *objects,
        *core.libraries,
        "-o",
        elf,
    ]
    run(command, f"link the bench for {core.title}")


def _stems() -> list[str]:
    return list(dict.fromkeys(STEMS.values()))


def _compile(core: Core, folder: Path, operators: tuple[str, ...]) -> None:
    small = (MODULE_FOLDER / "small.txt").read_text().split("\n")
    choice = [] if operators == CHOOSABLE else ["-DCVL_ONLY", *(f"-DCVL_WITH_{name}" for name in operators)]
    for source in engine_sources():
        level = _SMALL if str(source.relative_to(MODULE_FOLDER)) in small else _FAST
        _compile_file(core, folder, source, level, *choice)
    stems = "-DBENCH_STEMS=" + " ".join(f"X({stem})" for stem in _stems())
    for name in ("bench.c", "profile.c", *core.sources):
        _compile_file(core, folder, HARNESS / name, _FAST, *core.defines, stems, *choice)


def _compile_file(core: Core, folder: Path, source: Path, *flags: str) -> None:
    command: list[str | Path] = [
        *core.compiler,
        *_FLAGS,
        *flags,
        f"-I{ENGINE}",
        f"-I{HARNESS}",
        "-c",
        source,
    ]
    run([*command, "-o", folder / f"{source.stem}.o"], f"compile the engine for {core.title}")


def _digest(core: Core, operators: tuple[str, ...]) -> str:
    compiler = run([f"{core.tools}gcc", "--version"], f"compile the engine for {core.title}")
    digest = hashlib.sha256(repr((core, compiler, _FLAGS, operators)).encode())
    files = [*ENGINE.glob("*.[chS]"), *HARNESS.iterdir(), MODULE_FOLDER / "small.txt", Path(__file__)]
    files += [*MODULE_FOLDER.glob("native_*.[ch]"), *(MODULE_FOLDER / "xtensa").iterdir()]
    for path in sorted(files):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
