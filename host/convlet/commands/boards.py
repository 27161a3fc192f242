"""`convlet boards`: what firmware can be built for."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich import box
from rich.table import Table

from convlet.boards import BOARDS, MIB, Board
from convlet.cli import Session, json_option


@click.command()
@json_option
@click.pass_obj
def command(session: Session, as_json: bool) -> None:
    """List the boards: chip, memory, clock, how each is flashed, and where our firmware for it has run."""
    if as_json:
        session.print_json([_as_data(board) for board in BOARDS.values()])
        return
    table = Table(box=box.SIMPLE, padding=0)  # so that 80 columns hold all of it
    table.add_column("Board", no_wrap=True)
    for name in ("Chip", "Core"):
        table.add_column(name)
    for name in ("Flash\nMB", "Heap\nKB", "MHz"):
        table.add_column(name, justify="right")
    table.add_column("Flashed\nby", no_wrap=True)
    table.add_column("Has run in", no_wrap=True)
    for board in BOARDS.values():
        table.add_row(
            board.name,
            board.chip,
            board.core,
            str(board.flash_bytes // MIB) if board.flash_bytes else "",
            str(board.heap_bytes // 1000) if board.heap_bytes else "",
            str(board.clock_mhz or ""),
            board.flashed_by,
            board.ran_in,
        )
    session.console.print(table)
    session.console.print("No firmware of ours has run on real silicon yet.", highlight=False)


def _as_data(board: Board) -> dict[str, object]:
    """Without how firmware is built, which is of no use to a script."""
    return {name: value for name, value in asdict(board).items() if name != "build"}
