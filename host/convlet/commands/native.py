"""`convlet native`: the module as a `.mpy` for stock firmware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from convlet import native
from convlet.board import PORT_HELP, attached_port, connect, without_password
from convlet.cli import Session, examples, json_option, out_option
from convlet.commands.firmware import only_options, operators_of
from convlet.console import plain_table
from convlet.files import write_atomic


@click.group(help="Build the module for stock firmware, which loads it from a file.")
def command() -> None:
    """The group of the commands for native modules."""


@command.command("build", epilog=examples("convlet native build --arch armv6m -o modules"))
@click.option(
    "--arch",
    type=click.Choice(list(native.ARCHITECTURES)),
    multiple=True,
    show_default="all whose compiler is here",
    help="Processor to build for; may be given several times.",
)
@only_options("Leave out what this model does not need; may be given several times.")
@out_option("Folder to copy them to.")
@json_option
@click.pass_obj
def build(
    session: Session,
    arch: Sequence[str],
    only: Sequence[Path],
    extras: Sequence[str],
    out: Path | None,
    as_json: bool,
) -> None:
    """Build the native modules, and say what they take of a board's RAM."""
    operators = operators_of(only, extras)
    built = [
        native.build(name, operators=operators, progress=session.progress)
        for name in arch or native.available()
    ]
    if out:
        for each in built:
            write_atomic(out / each.architecture / each.path.name, each.path.read_bytes())
            package = native.package_json(each)
            write_atomic(out / each.architecture / "package.json", package.encode())
    if as_json:
        session.print_json([_as_data(each) for each in built])
        return
    session.console.print(_table(built))
    if out:
        folder = out / built[0].architecture
        session.say(f"mpremote mip install {folder}/package.json    copies the module to a board")


@command.command("install", epilog=examples("convlet native install --port /dev/ttyACM0"))
@click.option("--port", help=PORT_HELP)
@only_options("Leave out what this model does not need; may be given several times.")
@json_option
@click.pass_obj
def install(
    session: Session, port: str | None, only: Sequence[Path], extras: Sequence[str], as_json: bool
) -> None:
    """Ask a board what it takes, build that, and copy it to the board."""
    port = port or attached_port()
    session.progress.step(f"Installing the native module on {without_password(port)}")
    with connect(port) as board:
        module = native.install(board, operators=operators_of(only, extras), progress=session.progress)
    if as_json:
        session.print_json({"place": native.PLACE, **_as_data(module)})
        return
    session.say(
        f"{native.PLACE}: {module.file_bytes:,} bytes for {module.architecture}; "
        f"takes {module.code_bytes + module.data_bytes:,} of RAM when it is imported"
    )


def _as_data(module: native.NativeModule) -> dict[str, Any]:
    return asdict(module) | {"path": str(module.path)}


def _table(built: Sequence[native.NativeModule]) -> Table:
    table = plain_table("Architecture", "Boards", ".mpy", "Code in RAM", "Data in RAM", words=2)
    for each in built:
        numbers = (each.file_bytes, each.code_bytes, each.data_bytes)
        table.add_row(
            each.architecture,
            native.ARCHITECTURES[each.architecture].boards,
            *(f"{number:,}" for number in numbers),
        )
    return table
