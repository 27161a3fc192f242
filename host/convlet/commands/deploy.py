"""`convlet deploy`: a model onto a board."""

from __future__ import annotations

from pathlib import Path

import click

from convlet import deploy
from convlet.cli import Session


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--port", required=True, help="Such as /dev/ttyACM0, COM3 or socket://127.0.0.1:4321.")
@click.option("--name", help="File name on the board; else that of the model.")
@click.pass_obj
def command(session: Session, model: Path, port: str, name: str | None) -> None:
    """Put a .cvl file on a board; it replaces the old one only after the board has proved it."""
    done = deploy.deploy(model, port, name=name, progress=session.progress)
    session.console.print(f"{done.name} is on the board ({done.size:,} bytes)", highlight=False, markup=False)
