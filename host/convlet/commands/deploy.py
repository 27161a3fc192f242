"""`convlet deploy`: a model onto a board."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from convlet import deploy, rom_deploy
from convlet.board import PORT_HELP, WAYS, attached_port
from convlet.cli import Session, examples, json_option


@click.command(
    epilog=examples("convlet deploy photos.cvl", "convlet deploy photos.cvl --port /dev/ttyACM0 --romfs")
)
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.option("--port", help=PORT_HELP)
@click.option("--name", help="File name on the board; else that of the model.")
@click.option(
    "--via", type=click.Choice(WAYS), default=WAYS[0], show_default=True, help="Whose library to use."
)
@click.option("--rollback", is_flag=True, help="Put back the model that was there before; again undoes it.")
@click.option(
    "--romfs", is_flag=True, help="Put it into the ROMFS, as /rom/NAME, where it runs without a copy in RAM."
)
@json_option
@click.pass_obj
def command(
    session: Session,
    model: Path | None,
    port: str | None,
    name: str | None,
    via: str,
    rollback: bool,
    romfs: bool,
    as_json: bool,
) -> None:
    """Put a .cvl file on a board; it replaces the old one only after the board has proved it.

    With --romfs the other files there stay. What changes is stored in the file system first, in romfs.update, and then
    carried over by the board. Should it lose power in that, /rom is empty, and the next deploy --romfs finishes it: the
    files of the ROMFS, old or new, are never lost.
    """
    if romfs and rollback:
        raise click.UsageError("a ROMFS keeps no previous model: --rollback goes without --romfs")
    if rollback:
        name = name or (model.name if model else None)
        done = deploy.roll_back(port or attached_port(), name=name, via=via, progress=session.progress)
    elif model:
        put = rom_deploy.deploy_to_rom if romfs else deploy.deploy
        done = put(model, port or attached_port(), name=name, via=via, progress=session.progress)
    else:
        raise click.UsageError("name the .cvl file to deploy, or give --rollback")
    if as_json:
        session.print_json(asdict(done))
        return
    session.say(f"{done.name} is on the board ({done.size:,} bytes)")
