"""Every target beside the others: the scripts of tests/device, flash, and what models take there and give.

`scripts/targets` runs it. Processors that QEMU emulates count instructions, the Pico's emulator counts cycles, and this
computer measures microseconds, which depend on what else it does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import click
from convlet import boards, emulate, firmware, native, romfs
from convlet.board import Board, RemoteError, connect
from convlet.compile import compile_tflite, read_labels
from convlet.console import RichProgress
from convlet.oracle import Oracle
from convlet.verify import random_images
from qemu_files import ROM_ADDRESSES, qemu_with_files
from rich import box
from rich.console import Console
from rich.table import Table
from test_device import SCRIPTS, run_here, run_on
from test_romfs import ROMFS_BYTES, uf2_with

MEASURE = Path(__file__).with_name("measure_model.py")
SILENT_SECONDS = 600  # the Pico's emulator runs at a few MHz
DEFECTS = (RemoteError, AssertionError)

# How `count` of measure_model.py counts. QEMU: with `-icount shift=8` an instruction takes 256 ns, and the board's
# timer runs on at `clock`.
QEMU_OPTIONS = ("-icount", "shift=8")
ARM_COUNT = """
from machine import mem32
mem32[{timer} + 8] = mem32[{timer} + 4] = 0xFFFFFFFF
mem32[{timer}] = 1
def count(call, argument):
    start = mem32[{timer} + 4]
    call(argument)
    return round(((start - mem32[{timer} + 4]) & 0xFFFFFFFF) / {clock} / 256e-9)
"""
RISCV_COUNT = """
from machine import mem32
def count(call, argument):
    start = mem32[0x0200BFF8]
    call(argument)
    return round(((mem32[0x0200BFF8] - start) & 0xFFFFFFFF) / 10e6 / 256e-9)
"""
XTENSA_COUNT = """
from time import ticks_cpu
def count(call, argument):
    start = ticks_cpu()
    call(argument)
    return round(((ticks_cpu() - start) & 0x3FFFFFFF) / 40e6 / 256e-9)
"""
# SysTick has 24 bits; the microseconds tell how often it began anew.
PICO_COUNT = """
import time
from machine import disable_irq, enable_irq, mem32
def count(call, argument):
    state = disable_irq()
    mem32[0xE000E014] = 0xFFFFFF
    mem32[0xE000E018] = 0
    mem32[0xE000E010] = 5
    before = time.ticks_us()
    start = mem32[0xE000E018]
    call(argument)
    end = mem32[0xE000E018]
    cycles = time.ticks_diff(time.ticks_us(), before) * 125
    enable_irq(state)
    counted = start - end & 0xFFFFFF
    return counted + max(0, round((cycles - counted) / 2**24)) * 2**24
"""
HERE_COUNT = """
import time
def count(call, argument):
    best = None
    for _ in range(5):
        start = time.time()
        call(argument)
        taken = round((time.time() - start) * 1e6)
        best = taken if best is None else min(best, taken)
    return best
"""


@dataclass(frozen=True)
class Target:
    """`board` is None for CPython; `native`: the module is a `.mpy` of that architecture, on firmware without it."""

    title: str
    board: str | None
    unit: str
    native: str = ""
    count: str = HERE_COUNT

    @property
    def how(self) -> str:
        return ".mpy" if self.native else "built in" if self.board else "module"


@dataclass
class Row:
    """What was found on a target. `models`: of each its heap and its count, or why there is none."""

    target: str
    module: str
    passed: int
    tests: int
    flash_added: int | None
    code_in_ram: int
    models_in: str
    unit: str
    models: dict[str, tuple[int, int] | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A model, an int8 image for it, and TFLM's answer in hexadecimal."""

    name: str
    cvl: bytes
    image: bytes
    expected: str

    @property
    def files(self) -> dict[str, bytes]:
        return {f"{self.name}.cvl": self.cvl, f"{self.name}.cvl.image": self.image}


def _qemu(
    number: str, title: str, architecture: str, timer: int = 0x40000000, clock: float = 25e6
) -> list[Target]:
    name, count = f"qemu-mps2-an{number}", ARM_COUNT.format(timer=timer, clock=clock)
    return [Target(title, name, "instructions", each, count) for each in ("", architecture)]


TARGETS = [
    Target("CPython", None, "microseconds"),
    Target("unix", "unix", "microseconds"),
    Target("unix", "unix", "microseconds", "x64"),
    *_qemu("385", "QEMU Cortex-M3", "armv7m"),
    *_qemu("386", "QEMU Cortex-M4", "armv7emsp"),
    *_qemu("500", "QEMU Cortex-M7", "armv7emsp"),
    *_qemu("505", "QEMU Cortex-M33", "armv7emsp", 0x50000000, 20e6),
    Target("QEMU RV32IMC", "qemu-virt-rv32", "instructions", "", RISCV_COUNT),
    Target("QEMU RV32IMC", "qemu-virt-rv32", "instructions", "rv32imc", RISCV_COUNT),
    Target("QEMU Xtensa", "qemu-lx60-xtensa", "instructions", "", XTENSA_COUNT),
    Target("QEMU Xtensa", "qemu-lx60-xtensa", "instructions", "xtensawin", XTENSA_COUNT),
    Target("Pico emulator", "pico", "cycles", count=PICO_COUNT),
    Target("Pico emulator, stock", "pico-stock", "cycles", "armv6m", count=PICO_COUNT),
]


def case_of(path: Path) -> Case:
    """An int8 `.tflite`, compiled as `convlet compile` does it, and TFLM's output for an image of noise.

    Labels are in a file beside it, if it has any.
    """
    tflite, labels = path.read_bytes(), path.with_suffix(".labels.txt")
    compiled = compile_tflite(tflite, labels=read_labels(labels) if labels.exists() else [])
    image = random_images(compiled, 1)[0]
    return Case(path.stem, compiled.cvl, image[0].tobytes(), Oracle(tflite).run(image).tobytes().hex())


def measure(target: Target, cases: Sequence[Case], digits: bytes) -> Row:
    """Run the scripts of tests/device and each case on the target."""
    added, code = None, 0
    if target.native:
        module = native.build(target.native)
        code = module.code_bytes + module.data_bytes
    elif target.board:
        added = firmware.added_by_module(target.board).flash_bytes
    if target.board in ROM_ADDRESSES:
        runner, lies_in = _on_qemu, "flash"
    elif target.board in ("pico", "pico-stock"):
        runner, lies_in = _on_pico, "flash" if target.board == "pico" else "heap"
    else:
        runner, lies_in = _here, "heap"
    row = Row(target.title, target.how, 0, 0, added, code, lies_in, target.unit)
    runner(target, row, cases, digits)
    return row


def note_script(row: Row, run: Callable[[], str]) -> None:
    row.tests += 1
    try:
        row.passed += run() == "ok\n"
    except DEFECTS as error:
        print(f"{row.target}, {row.module}: {error}", file=sys.stderr)


def note_case(row: Row, case: Case, run: Callable[[], str]) -> None:
    """Not a test where the model does not fit."""
    try:
        heap, count, output = run().split()
    except DEFECTS as error:
        if "MemoryError" not in str(error):
            raise
        row.models[case.name] = "does not fit"
        return
    row.tests += 1
    row.passed += output == case.expected
    row.models[case.name] = (int(heap), int(count)) if output == case.expected else "differs"


def settings(case: Case, folder: str, count: str) -> str:
    return f"NAME = {folder + case.name + '.cvl'!r}\n{count}"


def _here(target: Target, row: Row, cases: Sequence[Case], digits: bytes) -> None:
    interpreter: str | Path = sys.executable
    modules = native.build(target.native).path.parent if target.native else None
    if target.board:
        interpreter = firmware.build(target.board, with_module=not target.native).image
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for script in SCRIPTS:
            note_script(row, partial(run_here, interpreter, script, digits, folder, modules))
        for case in cases:
            for file, data in case.files.items():
                (folder / file).write_bytes(data)
            whole = folder / MEASURE.name
            whole.write_text(settings(case, f"{folder}/", target.count) + MEASURE.read_text())
            command = [str(interpreter), str(whole)]
            environment = {"MICROPYPATH": str(modules)} if modules else None
            note_case(row, case, partial(_printed, command, environment))


def _printed(command: Sequence[str], environment: Mapping[str, str] | None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _measure_on(board: Board, case: Case, folder: str, count: str) -> str:
    board.run("globals().clear()\nimport gc\ngc.collect()")
    board.run(settings(case, folder, count))
    return board.run_file(MEASURE, SILENT_SECONDS)


def _on_qemu(target: Target, row: Row, cases: Sequence[Case], digits: bytes) -> None:
    assert target.board
    files = {name: data for case in cases for name, data in case.files.items()}
    if target.native:
        files["convlet.mpy"] = native.build(target.native).path.read_bytes()
    image = firmware.build(target.board, with_module=not target.native).image
    with qemu_with_files(target.board, image, files, *QEMU_OPTIONS) as board:
        # First what needs most of the heap in one piece.
        for case in cases:
            note_case(row, case, partial(_measure_on, board, case, "/rom/", target.count))
        for script in SCRIPTS:
            note_script(row, partial(run_on, board, script, digits))


def _on_pico(target: Target, row: Row, cases: Sequence[Case], digits: bytes) -> None:
    """A boot for each model: the ROMFS has no room for all."""
    modules = {"convlet.mpy": native.build(target.native).path.read_bytes()} if target.native else {}
    with _pico(target, modules, {}) as board:
        for script in SCRIPTS:
            note_script(row, partial(run_on, board, script, digits))
    for case in cases:
        placed = (modules | case.files, {}) if target.native else (modules, case.files)
        folder = "/" if target.native else "/rom/"
        with _pico(target, *placed) as board:
            board.run("import convlet")
            note_case(row, case, partial(_measure_on, board, case, folder, target.count))


@contextmanager
def _pico(target: Target, files: Mapping[str, bytes], rom: Mapping[str, bytes]) -> Iterator[Board]:
    assert target.board
    board = boards.find(target.board)
    image = firmware.build(target.board, with_module=not target.native).image
    with tempfile.TemporaryDirectory() as name:
        if rom:
            assert board.storage and board.build.uf2
            address = board.build.uf2.address + board.storage.offset - ROMFS_BYTES
            data = uf2_with(image.read_bytes(), romfs.build(rom), address, board.build.uf2.family)
            image = Path(name) / "firmware.uf2"
            image.write_bytes(data)
        with emulate.pico(image, files, board_name=board.name) as running, connect(running.port) as repl:
            yield repl


_FACTS = 7  # columns in front of those of the models


def headings(cases: Sequence[Case]) -> list[str]:
    return [
        *("Target", "Module", "Passed", "Flash added", "Code in RAM", "Models in", "Counted"),
        *(f"{case.name}, {len(case.cvl):,}" for case in cases),
    ]


def cells(row: Row, cases: Sequence[Case]) -> list[str]:
    """A model's cell is its heap and its count."""
    found = [row.models.get(case.name, "") for case in cases]
    return [
        row.target,
        row.module,
        f"{row.passed} of {row.tests}",
        "" if row.flash_added is None else f"{row.flash_added:,}",
        f"{row.code_in_ram:,}" if row.code_in_ram else "",
        row.models_in,
        row.unit,
        *(each if isinstance(each, str) else _pair(*each) for each in found),
    ]


def _pair(heap: int, count: int) -> str:
    return f"{heap:,} / {count:,}" if heap else f"{count:,}"


def markdown(rows: Sequence[Row], cases: Sequence[Case]) -> str:
    lines = [headings(cases), ["---"] * 2 + ["---:"] * (len(headings(cases)) - 2)]
    lines += [cells(row, cases) for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def tables(rows: Sequence[Row], cases: Sequence[Case]) -> list[Table]:
    """Three, since a terminal has no room for all columns side by side: of the targets, of heap, and of counts."""
    names = [f"{case.name}\n{len(case.cvl):,}" for case in cases]
    about = _table("", headings(cases)[:_FACTS], [cells(row, cases)[:_FACTS] for row in rows])
    made = [about]
    for index, title in enumerate(("Heap in use, bytes", "One m.run(x)")):
        lines = [
            [row.target, row.module, *(_part(row.models.get(case.name, ""), index) for case in cases)]
            for row in rows
        ]
        made.append(_table(title, ["Target", "Module", *names], lines))
    return made


def _part(found: tuple[int, int] | str, index: int) -> str:
    return found if isinstance(found, str) else f"{found[index]:,}" if found[index] else ""


def _table(title: str, names: Sequence[str], lines: Sequence[Sequence[str]]) -> Table:
    table = Table(
        *names, title=title, title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False
    )
    for column in table.columns[2:]:
        column.justify = "right"
    for line in lines:
        table.add_row(*line)
    return table


@click.command()
@click.argument("tflites", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--target", "wanted", multiple=True, help="Of the board with this name only; cpython is one.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON and nothing else.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the table as Markdown and nothing else.")
def command(tflites: Sequence[Path], wanted: Sequence[str], as_json: bool, as_markdown: bool) -> None:
    """Run the scripts of tests/device on every target, and each int8 TFLITE file; the first is what the scripts use."""
    console = Console(stderr=True)
    progress, cases = RichProgress(console), [case_of(path) for path in tflites]
    rows = []
    for target in TARGETS:
        if not wanted or (target.board or "cpython") in wanted:
            progress.step(f"{target.title}, {target.how}")
            rows.append(measure(target, cases, cases[0].cvl))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
    elif as_markdown:
        click.echo(markdown(rows, cases), nl=False)
    else:
        for table in tables(rows, cases):
            Console().print(table)
        click.echo(
            "Under a model's name the bytes of its file: part of the heap in use where models lie in the heap."
        )
    sys.exit(any(row.passed < row.tests for row in rows))


if __name__ == "__main__":
    command()
