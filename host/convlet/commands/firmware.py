"""`convlet firmware`: sources and builds of MicroPython with the module `convlet`."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.table import Table

from convlet import firmware, sources
from convlet.boards import BOARDS
from convlet.cli import Session
from convlet.cvl_file import read_cvl
from convlet.files import read_file
from convlet.format import CHOOSABLE


@click.group(help="Build MicroPython firmware with the module convlet.")
def command() -> None:
    """The group of the firmware commands."""


def only_option(text: str) -> Callable[[Any], Any]:
    path = click.Path(path_type=Path)
    return click.option("--only", type=path, multiple=True, metavar="MODEL.cvl", help=text)


@command.command("sources")
@click.pass_obj
def fetch_sources(session: Session) -> None:
    """Fetch the sources of MicroPython and the Pico SDK into the cache."""
    found = sources.fetch(session.progress)
    _print(session, f"MicroPython {found.version}: {found.micropython}")
    _print(session, f"Pico SDK: {found.pico_sdk}")


@command.command("build")
@click.option("--board", type=click.Choice(list(BOARDS)), required=True, help="What to build for.")
@only_option("Leave out the kernels that this model does not need; may be given several times.")
@click.option("--without-module", is_flag=True, help="Plain MicroPython, to compare with.")
@click.option("--sanitize", is_flag=True, help="Board unix: check addresses and undefined behaviour.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Copy the image to this file.")
@click.pass_obj
def build(
    session: Session,
    board: str,
    only: Sequence[Path],
    without_module: bool,
    sanitize: bool,
    output: Path | None,
) -> None:
    """Build firmware and say what the module adds to it."""
    if only and without_module:
        raise click.UsageError("--only and --without-module exclude each other")
    began = time.monotonic()
    operators = operators_of(only)
    made = firmware.build(
        board,
        with_module=not without_module,
        operators=operators,
        sanitize=sanitize,
        progress=session.progress,
    )
    if not without_module:
        _print(session, f"operators: {', '.join(made.operators)}")
    if not without_module and not sanitize:
        added = firmware.added_by_module(board, operators=operators, progress=session.progress)
        _print(
            session,
            f"the module adds {added.flash_bytes:,} bytes of flash and {added.ram_bytes:,} bytes of RAM",
        )
    if output:
        shutil.copy2(made.image, output)
    image = output or made.image
    seconds = time.monotonic() - began
    _print(
        session,
        f"{image}: {made.flash_bytes:,} bytes of flash, {made.ram_bytes:,} of RAM, in {seconds:.0f} s",
    )


@command.command("size")
@click.option(
    "--board",
    type=click.Choice([board.name for board in BOARDS.values() if board.link_map]),
    default="pico",
    show_default=True,
)
@only_option("Also show a build for this model alone, or for these.")
@click.pass_obj
def size(session: Session, board: str, only: Sequence[Path]) -> None:
    """Show what each C file of the module takes of a board's flash."""
    columns = {"all operators": firmware.measure(board, progress=session.progress)}
    if only:
        name = f"only {', '.join(path.name for path in only)}"
        columns[name] = firmware.measure(board, operators=operators_of(only), progress=session.progress)
    session.console.print(_size_table(columns))


def operators_of(models: Sequence[Path]) -> Collection[str]:
    """Those that the models need; all when none is named."""
    if not models:
        return CHOOSABLE
    return set().union(*(read_cvl(read_file(path, "the model")).kernels for path in models))


def _size_table(columns: dict[str, firmware.Measured]) -> Table:
    table = Table("Bytes of flash", *columns, box=box.SIMPLE, padding=(0, 1), pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    measured = list(columns.values())
    for path in sorted(set().union(*(each.file_bytes for each in measured))):
        table.add_row(path, *(f"{each.file_bytes.get(path, 0):,}" for each in measured))
    table.add_row("names for Python, other parts of MicroPython", *(f"{each.rest:,}" for each in measured))
    table.add_section()
    table.add_row("what the module adds", *(f"{each.added.flash_bytes:,}" for each in measured))
    return table


def _print(session: Session, text: str) -> None:
    session.console.print(text, highlight=False, markup=False, soft_wrap=True)
