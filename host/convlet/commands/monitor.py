"""`convlet monitor`: a board's classifications, live in the terminal."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from convlet import monitor
from convlet.board import PORT_HELP, WAYS, attached_port
from convlet.cli import Session, examples, json_option
from convlet.errors import ConvletError
from convlet.monitor import Reading
from convlet.resources import DEVICE_FOLDER

BAR_CELLS = 40


class View:
    """What the terminal shows: a bar for each class seen, the newest one bright, and the script's last line."""

    def __init__(self) -> None:
        self.percents: dict[str, float] = {}
        self.newest = Reading("waiting for the board")

    def add(self, reading: Reading) -> None:
        self.newest = reading
        if reading.label:
            self.percents[reading.label] = reading.percent

    def __rich__(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for label, percent in self.percents.items():
            is_newest = label == self.newest.label
            style = "bold green" if is_newest else "dim"
            bar = ProgressBar(100, percent, BAR_CELLS, complete_style=style, finished_style=style)
            table.add_row(Text(label, style), bar, Text(f"{percent:5.1f} %", style))
        return Group(table, Text(self.newest.line, "dim"))


@click.command(epilog=examples("convlet monitor imu_gesture.py --port /dev/ttyACM0"))
@click.argument("script", type=click.Path(path_type=Path), default=Path("classify.py"))
@click.option("--port", help=PORT_HELP)
@click.option(
    "--via", type=click.Choice(WAYS), default=WAYS[0], show_default=True, help="Whose library to use."
)
@json_option
@click.pass_obj
def command(session: Session, script: Path, port: str | None, via: str, as_json: bool) -> None:
    """Run SCRIPT on a board and show what it classifies, until Ctrl-C.

    SCRIPT is a file, or the name of one of Convlet's device scripts; classify.py when none is given. Of each line that
    it prints, such as "Walking 99 %", the class and the percentage are shown; with --json each is an object on a line.
    """
    path = script if script.is_file() else DEVICE_FOLDER / script
    if not path.is_file():
        raise ConvletError(f"there is no script {script}, nor one of that name in {DEVICE_FOLDER}")
    port = port or attached_port()
    if as_json:
        monitor.follow(port, path, lambda reading: click.echo(json.dumps(asdict(reading))), via=via)
        return
    if session.console.is_terminal:
        view = View()
        with Live(view, console=session.console, refresh_per_second=10):
            has_ended = monitor.follow(port, path, view.add, via=via)
    else:
        has_ended = monitor.follow(port, path, lambda reading: session.say(reading.line), via=via)
    how = f"{path.name} has ended" if has_ended else "stopped"
    session.say(f"{how}; the board is at its prompt")
