"""Whether a model fits on a board, and how long an inference takes there: numbers before anything is flashed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from convlet import bench, bench_build
from convlet.bench import Measurement
from convlet.boards import Board
from convlet.compile import Compiled, compile_tflite
from convlet.copies import bytes_from_flash
from convlet.cvl_file import read_cvl
from convlet.cvl_program import read_program
from convlet.errors import ToolError
from convlet.graph import Graph
from convlet.layout import layout_of
from convlet.progress import SILENT, Progress
from convlet.window import ram_bytes
from convlet.writer import constants_of

# The core of `convlet bench` whose instructions are counted for a board's. QEMU has no LX6 or LX7, as the ESP32s have
# them; its Xtensa has windows like those, and half as many registers for them.
COUNTED_ON = {
    "Cortex-M0+": "m0plus",
    "Cortex-M3": "m3",
    "Cortex-M33": "m33",
    "RV32IMC": "rv32imc",
    "RV32IMAC": "rv32imc",
    "Xtensa LX6": "xtensawin",
    "Xtensa LX7": "xtensawin",
}


@dataclass(frozen=True)
class Cycles:
    """Of the processor, for one instruction, from `least` to `most`; `source` says how we know."""

    least: float
    most: float
    source: str


# Of a whole inference. The Pico's emulator counts as the Cortex-M0+'s manual says: digits, LeNet-5, a residual and a
# separable network and KWS took 1.42 to 1.57 there. Nothing here counts cycles of the others.
CYCLES = {
    "m0plus": Cycles(1.4, 1.6, "measured in the Pico's emulator, which has no misses of the flash's cache"),
    "m3": Cycles(1.1, 1.7, "assumed: loads take two cycles, a division or taken branch more"),
    "m33": Cycles(1.0, 1.6, "assumed: loads take one to two cycles, and the flash's cache may miss"),
    "rv32imc": Cycles(1.1, 2.0, "assumed: loads and taken branches stall, and the flash's cache may miss"),
    "xtensawin": Cycles(1.0, 2.0, "assumed: loads and taken branches stall, and the flash's cache may miss"),
}
# Of a byte of constants that is not in the flash's cache, by chip. RP2040: a line of the cache has 8 bytes and takes 8
# clocks for the address, 4 to wait and 16 for the data, at half the processor's clock: the Pico SDK's
# boot2_w25q080.S, with PICO_FLASH_SPI_CLKDIV 2.
FLASH_CYCLES = {"RP2040": 2 * (8 + 4 + 16) / 8}
# Of constants: with more of them, an RP2040's cache of 16 KB cannot keep them beside the code.
CACHED_BYTES = 8192
WINDOW = 4096  # bytes of weights in RAM where they stay in the file system
# Of the flash of a board whose table has no file system: the least of the ports' partitions.
FILES_SHARE = 0.4


@dataclass(frozen=True)
class Needs:
    """What a model takes of any board, and the operators to blame, by their numbers in `convlet inspect model.cvl`."""

    file_bytes: int
    arena_bytes: int
    window_bytes: int  # of RAM besides the arena, when the weights stay in a file
    peak_operator: str
    largest_weights: str
    largest_weights_bytes: int
    flash_reads: int  # bytes of constants that an inference or a step reads, 0 where they can stay in a cache


@dataclass(frozen=True)
class Time:
    """Of one inference, or of a stream's step in the mean.

    `least_ms` to `most_ms`: by the cycles that an instruction takes on the board's core. `flash_ms`: at most so much
    more where the file is read in place and its constants come from flash; 0 where that is not known, or a cache has
    room for them.
    """

    core: str
    instructions: int
    least_ms: float
    most_ms: float
    flash_ms: float


@dataclass(frozen=True)
class Fit:
    """A model on a board: bytes that it needs and that are free for it.

    The file is copied from the file system to the heap when it is loaded (`copied_bytes`: arena and file); or it lies
    in a ROMFS, where the board has one that holds it, and is read in place (`in_place_bytes`: the arena); or its
    weights stay in the file system and are read through a window (`windowed_bytes`: arena and window). `time` is None
    where it is not known, and never that with a window.
    """

    board: Board
    file_bytes: int
    free_flash_bytes: int
    in_place_bytes: int
    windowed_bytes: int
    copied_bytes: int
    time: Time | None

    @property
    def heap_bytes(self) -> int:
        return self.board.heap_bytes or 0

    @property
    def has_rom(self) -> bool:
        """Whether the board has a ROMFS that holds the file."""
        return self.file_bytes <= self.board.rom_bytes

    @property
    def flash_short(self) -> int:
        """Bytes of flash that the file lacks."""
        return max(self.file_bytes - self.free_flash_bytes, 0)

    @property
    def ram_short(self) -> int:
        """Bytes of heap that are lacking, wherever the file lies."""
        least = self.in_place_bytes if self.has_rom else min(self.windowed_bytes, self.copied_bytes)
        return max(least - self.heap_bytes, 0)

    @property
    def fits(self) -> bool:
        return not (self.flash_short or self.ram_short)

    @property
    def must_stay_in_flash(self) -> bool:
        """Whether it fits only with the file in ROMFS, or its weights read through a window."""
        return self.fits and self.copied_bytes > self.heap_bytes


def needs_of(compiled: Compiled) -> Needs:
    """From the program, plan and bytes of a compiled model.

    >>> needs_of(compile_tflite(Path("digits.tflite").read_bytes())).largest_weights
    '2 CONV_2D_WIDE'
    """
    layout = layout_of(compiled.program, compiled.plan)
    sizes = weights_of(compiled)
    largest = max(range(len(sizes)), key=sizes.__getitem__)
    kinds = [node.kind for node in compiled.program.nodes]
    return Needs(
        file_bytes=len(compiled.cvl),
        arena_bytes=compiled.plan.arena_bytes,
        window_bytes=ram_bytes(compiled.cvl, WINDOW),
        peak_operator=f"{layout.peak_node} {kinds[layout.peak_node]}",
        largest_weights=f"{largest} {kinds[largest]}",
        largest_weights_bytes=sizes[largest],
        flash_reads=bytes_from_flash(compiled.program, sizes) if sum(sizes) > CACHED_BYTES else 0,
    )


def weights_of(compiled: Compiled) -> list[int]:
    """Bytes of weights and tables of each operator."""
    nodes = compiled.program.nodes
    if any(node.weights for node in nodes):
        return [sum(map(len, constants_of(node))) for node in nodes]
    # A program that was read from a file has none: there each piece ends where the next begins.
    file = read_cvl(compiled.cvl)
    names = ("weights", "table")
    begins = {operator[name] for operator in file.operators for name in names}
    begins |= {file.header["labels"], file.header["vectors"], len(compiled.cvl)}
    ends = sorted(begins)
    return [
        sum(ends[ends.index(operator[name]) + 1] - operator[name] for name in names if operator[name])
        for operator in file.operators
    ]


def read_model(data: bytes, is_cvl: bool, prefer: str = "balance", stream: bool = False) -> Compiled:
    """A model from the bytes of a `.tflite`, which is compiled so, or of a `.cvl`. Raises ModelError."""
    if not is_cvl:
        return compile_tflite(data, prefer=prefer, stream=stream)
    return Compiled(data, Graph([], [], []), *read_program(data))


def measure(
    name: str, compiled: Compiled, cores: Iterable[str], progress: Progress = SILENT
) -> tuple[dict[str, Measurement], dict[str, str]]:
    """What each of the `cores` executes for an inference or a step, and for those that cannot be measured the reason.

    >>> found, reasons = measure("digits", compile_tflite(Path("digits.tflite").read_bytes()), ["z80"])
    >>> reasons
    {'z80': 'there is no emulator for it that counts'}
    """
    found: dict[str, Measurement] = {}
    reasons: dict[str, str] = {}
    for core in dict.fromkeys(cores):
        if core not in bench_build.CORES:
            reasons[core] = "there is no emulator for it that counts"
        else:
            progress.step(f"Counting instructions on {bench_build.CORES[core].title}")
            try:
                found[core] = bench.measure(bench_build.build(bench_build.CORES[core]), name, compiled)
            except ToolError as error:
                reasons[core] = str(error).splitlines()[0]
    return found, reasons


def fit(needs: Needs, board: Board, measured: Measurement | None = None) -> Fit:
    """Whether the model fits on the `board`, which executes what was `measured`.

    >>> from convlet.boards import find
    >>> needs = needs_of(compile_tflite(Path("digits.tflite").read_bytes()))
    >>> fit(needs, find("pico")).fits
    True
    """
    flash = board.storage.size if board.storage else int((board.flash_bytes or 0) * FILES_SHARE)
    return Fit(
        board=board,
        file_bytes=needs.file_bytes,
        free_flash_bytes=flash,
        in_place_bytes=needs.arena_bytes,
        windowed_bytes=needs.arena_bytes + needs.window_bytes,
        copied_bytes=needs.arena_bytes + needs.file_bytes,
        time=_time(board, measured, needs) if measured else None,
    )


def _time(board: Board, measured: Measurement, needs: Needs) -> Time:
    cycles = CYCLES[measured.core]
    cycles_per_ms = (board.clock_mhz or 0) * 1000
    ms = measured.instructions / cycles_per_ms
    flash_ms = needs.flash_reads * FLASH_CYCLES.get(board.chip, 0) / cycles_per_ms
    return Time(measured.core, measured.instructions, ms * cycles.least, ms * cycles.most, flash_ms)
