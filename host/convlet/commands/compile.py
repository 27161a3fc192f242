"""`convlet compile`: an int8 `.tflite` to a `.cvl`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from convlet.cli import Session, examples, json_option, out_option
from convlet.compile import Compiled, compile_file, read_labels
from convlet.copies import bytes_from_flash
from convlet.engine import Model
from convlet.files import keep_input
from convlet.graph import Change, Shape
from convlet.program import Program
from convlet.variants import PREFERENCES
from convlet.window import ram_bytes
from convlet.window_cost import bytes_read
from convlet.window_plan import LEAST_WINDOW
from convlet.writer import constant_bytes

_MOST_DETAILS = 8  # that are printed of one pass
_MUCH_LARGER = 1.25  # times the .tflite


@click.command(
    epilog=examples(
        "convlet compile photos.tflite --labels photos.labels.txt",
        "convlet compile gestures.tflite --labels walk,run,rest --stream",
    )
)
@click.argument("tflite", type=click.Path(path_type=Path))
@out_option("File to write.", show_default="TFLITE with .cvl")
@click.option(
    "--labels", help="File with the name of a class in each line, or the names with commas between them."
)
@click.option(
    "--vectors", type=click.IntRange(0, 100), default=1, show_default=True, help="Test vectors in the file."
)
@click.option(
    "--prefer",
    type=click.Choice(PREFERENCES),
    default="balance",
    show_default=True,
    help="The fastest plan within 1.5 times the smallest arena (balance), the smallest arena (ram), the fastest plan "
    "(speed), or that of balance without weights of two bytes each (flash).",
)
@click.option(
    "--stream",
    is_flag=True,
    help="For input that comes step by step without end (time is the rows): the board calls step().",
)
@click.option(
    "--int8-input",
    is_flag=True,
    help="Take int8 images only, and read them where they lie: no RAM for rows of the input.",
)
@click.option(
    "--window",
    type=click.IntRange(min=LEAST_WINDOW),
    metavar="BYTES",
    help="For Model(file, window=BYTES), whose weights stay in the file: split what does not fit, and read the file "
    "a few times for each image; with --prefer speed once, with ram again and again.",
)
@click.option(
    "--weights-in-ram",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="For boards whose flash is slower than their RAM: copy the weights that are read most, at most so many bytes, "
    "to the arena.",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Say what every pass did, with the numbers of `convlet inspect`.",
)
@json_option
@click.pass_obj
def command(
    session: Session,
    tflite: Path,
    out: Path | None,
    labels: str | None,
    vectors: int,
    prefer: str,
    stream: bool,
    int8_input: bool,
    window: int | None,
    weights_in_ram: int | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Compile an int8 TFLITE file to a .cvl file."""
    target = out or tflite.parent / f"{tflite.stem}.cvl"
    keep_input(target, tflite)
    options = {"vectors": vectors, "prefer": prefer, "stream": stream, "int8_input": int8_input}
    options |= {"window": window or 0, "weights_in_ram": weights_in_ram or 0}
    compiled = compile_file(tflite, target, _labels(labels), **options)
    if as_json:
        session.print_json(_as_data(target, compiled))
        return
    if explain:
        _print_explanation(session.console, compiled.explanation)
    plan, program = compiled.plan, compiled.program
    session.say(
        f"{target}: {len(compiled.cvl):,} bytes ({tflite.name}: {tflite.stat().st_size:,}), "
        f"{len(program.nodes)} operators, {program.macs:,} MACs\n"
        f"arena: {plan.arena_bytes:,} bytes ({plan.tensor_bytes:,} tensors, {plan.state_bytes:,} engine)"
    )
    if window:
        session.say(_about_window(compiled, window))
    if weights_in_ram:
        session.say(_about_copies(compiled.program))
    if prefer not in ("flash", "ram") and len(compiled.cvl) > _MUCH_LARGER * tflite.stat().st_size:
        session.say("note: weights have two bytes each, for speed; --prefer flash makes a smaller file")
    for note in compiled.graph.notes:
        session.say(f"note: {note}")
    if program.period:
        model = Model(compiled.cvl)
        session.say(
            f"a stream: a step takes {_text(model.input_shape)} values and gives {_text(model.output_shape)}"
        )


def _about_window(compiled: Compiled, window: int) -> str:
    ram, read = ram_bytes(compiled.cvl, window), bytes_read(compiled.cvl, window)
    each = "step" if compiled.program.period else "image"
    return f"window: {ram:,} bytes of RAM for {window:,} of weights and the head; each {each} reads {read:,} bytes"


def _about_copies(program: Program) -> str:
    copied = [node.copied_bytes for node in program.nodes if node.copied_bytes]
    before = replace(program, nodes=[replace(node, copied_bytes=0) for node in program.nodes])
    sizes = [constant_bytes(node) for node in program.nodes]
    each = "step" if program.period else "image"
    read, read_before = (bytes_from_flash(way, sizes) for way in (program, before))
    return (
        f"weights in RAM: {sum(copied):,} bytes of {len(copied)} operators; each {each} reads {read:,} bytes of "
        f"constants from flash instead of {read_before:,}"
    )


def _as_data(target: Path, compiled: Compiled) -> dict[str, Any]:
    return {
        "cvl": str(target),
        "bytes": len(compiled.cvl),
        "operators": len(compiled.program.nodes),
        "macs": compiled.program.macs,
        "arena_bytes": compiled.plan.arena_bytes,
        "state_bytes": compiled.plan.state_bytes,
        "copied_bytes": sum(node.copied_bytes for node in compiled.program.nodes),
        "is_stream": bool(compiled.program.period),
        "notes": compiled.graph.notes,
        "passes": [asdict(change) for change in compiled.explanation if change.details],
    }


def _text(shape: Shape) -> str:
    return " x ".join(map(str, shape))


def _print_explanation(console: Console, changes: Sequence[Change]) -> None:
    """A paragraph for each pass that did something."""
    for change in changes:
        if change.details:
            console.print(Text.assemble((change.title, "bold"), f": {len(change.details)}"))
            rest = len(change.details) - _MOST_DETAILS
            for detail in change.details[:_MOST_DETAILS] + [f"and {rest} more"] * (rest > 0):
                console.print(f"  {detail}", highlight=False, markup=False)
    idle = sum(not change.details for change in changes)
    console.print(f"{idle} other passes found nothing to do", style="dim", highlight=False)


def _labels(labels: str | None) -> list[str]:
    if not labels:
        return []
    path = Path(labels)
    if path.exists() or path.suffix == ".txt":
        return read_labels(path)
    return labels.split(",")
