"""`convlet zoo`: the models that `convlet train` knows, measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich import box
from rich.table import Table

from convlet.cli import Session, examples, json_option
from convlet.errors import VerifyError
from convlet.zoo_table import COLUMNS, Entry, markdown, measure_zoo, put_into

# A terminal of 80 columns has no room for all columns side by side.
_TABLES = (COLUMNS[:6], COLUMNS[:1] + COLUMNS[6:])


@click.command(epilog=examples("convlet zoo photos.tflite"))
@click.argument("more", nargs=-1, type=click.Path(path_type=Path), metavar="[TFLITE]...")
@click.option(
    "--readme",
    type=click.Path(path_type=Path),
    help="Also put the table into this Markdown file, between its marks.",
)
@json_option
@click.pass_obj
def command(session: Session, more: Sequence[Path], readme: Path | None, as_json: bool) -> None:
    """Measure the zoo's models, and compare them with TFLM.

    Those that the cache lacks are trained first. Each int8 TFLITE file is measured too, on random inputs.
    """
    entries = measure_zoo(more, session.progress)
    if as_json:
        session.print_json([asdict(entry) for entry in entries])
    else:
        for columns in _TABLES:
            session.console.print(_table(entries, columns))
    if readme:
        put_into(readme, markdown(entries))
    wrong = [entry.name for entry in entries if entry.mismatches]
    if wrong:
        raise VerifyError(f"other outputs than TFLM's: {', '.join(wrong)}")


def _table(entries: Sequence[Entry], columns: Sequence[tuple[str, Callable[[Entry], str]]]) -> Table:
    table = Table(*(heading for heading, _ in columns), box=box.SIMPLE, padding=0)
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for entry in entries:
        table.add_row(*(text(entry) for _, text in columns))
    return table
