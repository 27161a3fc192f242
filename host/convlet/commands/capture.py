"""`convlet capture`: labelled samples from a sensor on a board, to train a model with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from convlet import capture
from convlet.board import attached_port
from convlet.capture import Captured
from convlet.cli import Session, examples, json_option


@click.command(epilog=examples("convlet capture data --label walking --count 20 --rows 100"))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--label", required=True, help="What the samples show: the name of their folder in FOLDER.")
@click.option("--port", help="Such as /dev/ttyACM0, COM3, socket://HOST:NUMBER; else the one board on USB.")
@click.option("--count", type=click.IntRange(min=1), default=20, show_default=True, help="Samples to take.")
@click.option(
    "--rows",
    type=click.IntRange(1, 65535),
    default=100,
    show_default=True,
    help="Of a sample: steps of a sensor, or rows of a picture.",
)
@click.option(
    "--sensor",
    type=click.Path(path_type=Path),
    default=capture.SENSOR,
    show_default="device/mpu6050.py",
    help="A Python file with open_source(), which is run on the board.",
)
@click.option(
    "--pause", type=click.FloatRange(min=0), default=0, show_default=True, help="Seconds before each sample."
)
@json_option
@click.pass_obj
def command(
    session: Session,
    folder: Path,
    label: str,
    port: str | None,
    count: int,
    rows: int,
    sensor: Path,
    pause: float,
    as_json: bool,
) -> None:
    """Take samples from a board into FOLDER/LABEL/sample_0001.npy and so on, until Ctrl-C or all are there.

    `convlet train --data FOLDER` trains with them. Files that are there stay.
    """
    captured = Captured()
    try:
        capture.capture(
            port or attached_port(),
            folder,
            label,
            rows=rows,
            count=count,
            sensor=sensor,
            pause=pause,
            captured=captured,
            progress=session.progress,
        )
    finally:
        if as_json:
            session.print_json(_as_data(captured))
        else:
            session.say(_summary(captured, folder / label))


def _as_data(captured: Captured) -> dict[str, Any]:
    files = [str(path) for path in captured.files]
    return {"files": files, "repeated": captured.repeated, "ended": captured.ended}


def _summary(captured: Captured, folder: Path) -> str:
    files = captured.files
    names = f": {files[0].name} to {files[-1].name}" if files else ""
    ended = "; the source has ended" if captured.ended else ""
    repeated = f"; {captured.repeated} broke off and were taken again" if captured.repeated else ""
    return f"{len(files)} new samples in {folder}{names}{repeated}{ended}"
