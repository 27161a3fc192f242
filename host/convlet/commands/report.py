"""`convlet report`: all about a trained model on one page."""

from __future__ import annotations

from pathlib import Path

import click

from convlet.cli import Session, examples, json_option, out_option
from convlet.compile import Compiled
from convlet.datasets import Part
from convlet.files import write_atomic
from convlet.report.facts import find_trained, gather
from convlet.report.on_pico import OnPico, run_on_pico
from convlet.report.page import numbers, render


@click.command(epilog=examples("convlet report photos-model --board pico"))
@click.argument("folder", type=click.Path(path_type=Path))
@out_option("File to write.", show_default="NAME.report.html in FOLDER")
@click.option("--board", type=click.Choice(["pico"]), help="Also run test samples on this board, emulated.")
@click.option(
    "--board-samples",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="With --board: how many. The emulator takes a second for some million multiplications.",
)
@json_option
@click.pass_obj
def command(
    session: Session, folder: Path, out: Path | None, board: str | None, board_samples: int, as_json: bool
) -> None:
    """Write a page about the model that `convlet train` left in FOLDER: one HTML file that needs no network.

    The data, the model, its training, how good float and int8 are, what they get wrong, and what each layer costs.
    """

    def on_pico(tflite: bytes, compiled: Compiled, test: Part) -> OnPico:
        return run_on_pico(tflite, compiled, test, board_samples, session.progress)

    files = find_trained(folder)
    facts = gather(folder, session.progress, on_pico if board else None)
    target = out or folder / f"{files.name}.report.html"
    write_atomic(target, render(facts).encode())
    if as_json:
        session.print_json({"page": str(target), **numbers(facts)})
        return
    session.say(f"{target}: {target.stat().st_size:,} bytes")
