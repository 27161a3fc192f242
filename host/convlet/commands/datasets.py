"""`convlet datasets`: the data that some models of the zoo are trained on."""

from __future__ import annotations

import click

from convlet.cli import Session
from convlet.datasets.archives import ARCHIVES, fetch
from convlet.errors import ToolError


@click.command()
@click.pass_obj
def command(session: Session) -> None:
    """Fetch the data sets of the zoo into the cache."""
    failed = []
    for archive in ARCHIVES:
        try:
            found = f"{archive.holds}: {fetch(archive)}"
            session.console.print(found, highlight=False, markup=False, soft_wrap=True)
        except ToolError as error:
            failed.append(f"{archive.holds}: {error}")
    if failed:
        raise ToolError("\n".join(failed))
