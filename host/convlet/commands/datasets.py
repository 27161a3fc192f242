"""`convlet datasets`: the data that some models of the zoo are trained on."""

from __future__ import annotations

import click

from convlet.cli import Session, json_option
from convlet.datasets.archives import ARCHIVES, fetch
from convlet.errors import ToolError


@click.command()
@json_option
@click.pass_obj
def command(session: Session, as_json: bool) -> None:
    """Fetch the data sets of the zoo into the cache."""
    found, failed = {}, []
    for archive in ARCHIVES:
        try:
            found[archive.holds] = str(fetch(archive))
            if not as_json:
                session.say(f"{archive.holds}: {found[archive.holds]}")
        except ToolError as error:
            failed.append(f"{archive.holds}: {error}")
    if as_json:
        session.print_json(found)
    if failed:
        raise ToolError("\n".join(failed))
