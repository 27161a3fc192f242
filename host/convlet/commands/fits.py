"""`convlet fits`: on which boards a model fits, how fast it is there, and what to change where it does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from convlet.bench import Measurement
from convlet.boards import BOARDS, find
from convlet.cheaper import Cheaper, cheaper_layers
from convlet.cli import Session, examples, json_option
from convlet.compile import Compiled
from convlet.console import plain_table
from convlet.errors import naming
from convlet.file_kinds import is_cvl
from convlet.files import read_file
from convlet.fits import (
    COUNTED_ON,
    CYCLES,
    WINDOW,
    Fit,
    Needs,
    Time,
    fit,
    measure,
    needs_of,
    read_model,
    weights_of,
)
from convlet.tflite_reader import read_tflite
from convlet.variants import PREFERENCES

_NAMES = [name for name, board in BOARDS.items() if board.chip]
_MOST_ADVICE = 3


@click.command(
    epilog=examples("convlet fits photos.tflite", "convlet fits photos.tflite --board pico --board esp32c3")
)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--board",
    "boards",
    type=click.Choice(_NAMES),
    multiple=True,
    show_default="all",
    help="May be given several times. Of a single one the time of each operator is shown.",
)
@click.option("--prefer", type=click.Choice(PREFERENCES), help="As for `convlet compile`. [default: balance]")
@click.option("--stream", is_flag=True, help="As for `convlet compile`: the time is that of a step.")
@click.option("--no-time", is_flag=True, help="Flash and RAM only: nothing is compiled for other processors.")
@json_option
@click.pass_obj
def command(
    session: Session,
    model: Path,
    boards: Sequence[str],
    prefer: str | None,
    stream: bool,
    no_time: bool,
    as_json: bool,
) -> None:
    """Say on which boards MODEL, a .tflite or .cvl file, fits, and how long an inference or a step takes there.

    Exit code 1 when it does not fit on a board that --board names.
    """
    data = read_file(model, "the model")
    is_compiled = is_cvl(model, data)
    if is_compiled and (prefer or stream):
        raise click.UsageError("--prefer and --stream are for .tflite files: the plan of a .cvl file is made")
    with naming(model):
        compiled = read_model(data, is_compiled, prefer or "balance", stream)
        advice = [] if is_compiled else cheaper_layers(read_tflite(data))
    chosen = [find(name) for name in boards or _NAMES]
    cores = [] if no_time else [COUNTED_ON[board.core] for board in chosen]
    measured, reasons = measure(model.stem, compiled, cores, session.progress)
    needs = needs_of(compiled)
    fits = [fit(needs, board, measured.get(COUNTED_ON[board.core])) for board in chosen]
    if as_json:
        session.print_json(_as_data(model, compiled, needs, fits, reasons, advice))
    else:
        _show(session, model, compiled, needs, fits, advice)
        if len(fits) == 1 and (time := fits[0].time):
            session.console.print(_operators(compiled, measured[time.core], time))
        _explain(session, measured, reasons)
        _warn_of_flash(session, fits)
    if boards and not all(each.fits for each in fits):
        raise click.exceptions.Exit(1)


def _show(
    session: Session,
    model: Path,
    compiled: Compiled,
    needs: Needs,
    fits: Sequence[Fit],
    advice: Sequence[Cheaper],
) -> None:
    copied = needs.arena_bytes + needs.file_bytes
    session.say(
        f"{model.name} takes {needs.file_bytes:,} bytes of flash, and {copied:,} of RAM with the file copied there, "
        f"{needs.arena_bytes:,} with the file in a ROMFS"
    )
    timed = "Step, ms" if compiled.program.period else "Inference, ms"
    table = plain_table("Board", "Chip", "", "Flash free", "Heap free", timed, words=3)
    for each in fits:
        table.add_row(
            each.board.name,
            each.board.chip,
            _verdict(each),
            f"{each.free_flash_bytes:,}",
            f"{each.heap_bytes:,}",
            _milliseconds(each.time) if each.time else "",
        )
    session.console.print(table)
    if compiled.program.period:
        session.say(
            f"a step takes {_rows_of_a_step(compiled)} of the input and gives an output; its time is the mean"
        )
    if any(each.must_stay_in_flash and each.has_rom for each in fits):
        session.say("ROMFS: convlet deploy --romfs, read in place; a file elsewhere is copied to RAM")
    if any(each.must_stay_in_flash and not each.has_rom for each in fits):
        session.say(
            f"window: convlet compile --window {WINDOW}; no ROMFS holds it, and reading it takes time besides"
        )
    session.say(f"RAM: {needs.peak_operator} works when most of the arena is in use")
    session.say(f"flash: {needs.largest_weights} has the most weights, {needs.largest_weights_bytes:,} bytes")
    for layer in advice[:_MOST_ADVICE]:
        session.say(
            f"cheaper: {layer.operator} of the .tflite {layer.instead} saves {layer.macs_saved:,} MACs and "
            f"{layer.weight_bytes_saved:,} bytes of weights. Train it and compare"
        )


def _rows_of_a_step(compiled: Compiled) -> str:
    count = compiled.program.period[0] // compiled.program.steps
    return "1 row" if count == 1 else f"{count} rows"


def _verdict(each: Fit) -> Text:
    if each.must_stay_in_flash:
        return Text("fits, ROMFS" if each.has_rom else "fits, window", "yellow")
    if each.fits:
        return Text("fits", "green")
    shortages = (("flash", each.flash_short), ("RAM", each.ram_short))
    return Text(", ".join(f"{n:,} bytes of {what} short" for what, n in shortages if n), "bold red")


def _milliseconds(time: Time) -> str:
    digits = 0 if time.least_ms >= 100 else 1 if time.least_ms >= 10 else 2
    return f"{time.least_ms:,.{digits}f} to {time.most_ms:,.{digits}f}"


def _operators(compiled: Compiled, measured: Measurement, time: Time) -> Table:
    """What each operator takes of the flash and of the time."""
    table = plain_table("#", "Operator", "Weights", "Instructions", "Share", "ms", words=2)
    least, most = (ms / time.instructions for ms in (time.least_ms, time.most_ms))
    parts = [(kernel.operator, kernel.instructions) for kernel in measured.kernels]
    weights: list[int | None] = [*weights_of(compiled), None]
    for index, (kind, count) in enumerate([*parts, ("between the kernels", measured.schedule)]):
        size = weights[index]
        table.add_row(
            "" if size is None else str(index),
            kind,
            f"{size:,}" if size else "",
            f"{count:,}",
            f"{count / time.instructions:.0%}",
            f"{count * least:,.2f} to {count * most:,.2f}",
        )
    return table


def _explain(session: Session, cores: Iterable[str], reasons: Mapping[str, str]) -> None:
    """Where the times come from, and why some are missing."""
    for core in cores:
        cycles = CYCLES[core]
        session.say(f"{core}: {cycles.least} to {cycles.most} cycles an instruction, {cycles.source}", "dim")
    for core, reason in reasons.items():
        session.say(f"no time for {core}: {reason}", "dim")


def _warn_of_flash(session: Session, fits: Sequence[Fit]) -> None:
    slow = {each.board.chip: each.time.flash_ms for each in fits if each.time and each.time.flash_ms}
    for chip, ms in slow.items():
        session.say(
            f"{chip}: up to {ms:,.1f} ms more where the file is read in place and its weights come from flash, which "
            "is computed, not measured; `convlet compile --weights-in-ram BYTES` copies those that are read most",
            "dim",
        )


def _as_data(
    model: Path,
    compiled: Compiled,
    needs: Needs,
    fits: Sequence[Fit],
    reasons: Mapping[str, str],
    advice: Sequence[Cheaper],
) -> dict[str, Any]:
    boards = [
        {
            "board": each.board.name,
            "fits": each.fits,
            "must_stay_in_flash": each.must_stay_in_flash,
            "has_rom": each.has_rom,
            "free_flash_bytes": each.free_flash_bytes,
            "heap_bytes": each.heap_bytes,
            "flash_short": each.flash_short,
            "ram_short": each.ram_short,
            "time": asdict(each.time) | {"cycles": asdict(CYCLES[each.time.core])} if each.time else None,
        }
        for each in fits
    ]
    return {
        "model": str(model),
        "is_stream": bool(compiled.program.period),
        **asdict(needs),
        "boards": boards,
        "no_time": dict(reasons),
        "cheaper": [asdict(each) for each in advice],
    }
