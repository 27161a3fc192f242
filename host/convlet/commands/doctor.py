"""`convlet doctor`: what this machine has of all that the commands call."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.table import Table
from rich.text import Text

from convlet.cli import Session, json_option
from convlet.doctor import Check, examine, missing


@click.command()
@json_option
@click.pass_obj
def command(session: Session, as_json: bool) -> None:
    """Check the tools on this machine, and say how to get what is missing.

    Exit code 1 when something is missing that every command needs.
    """
    checks = list(examine())
    lacking = missing(checks)
    if as_json:
        session.print_json({"ready": not lacking, "checks": [asdict(check) for check in checks]})
    else:
        for group in dict.fromkeys(check.group for check in checks):
            session.console.print(Text(group, "bold"))
            session.console.print(_table([check for check in checks if check.group == group]))
        session.console.print(_summary(checks, lacking))
    if lacking:
        raise click.exceptions.Exit(1)


def _table(checks: list[Check]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for overflow in ("ellipsis", "ellipsis", "fold"):  # a path is wanted whole
        table.add_column(overflow=overflow)
    for check in checks:
        table.add_row(
            _mark(check), Text(check.name), Text(check.advice if check.found is None else check.found)
        )
    return table


def _mark(check: Check) -> Text:
    if check.found is not None:
        return Text("  ok", "green")
    return Text("  missing", "bold red") if check.needed else Text("  -", "yellow")


def _summary(checks: list[Check], lacking: list[Check]) -> Text:
    if lacking:
        return Text(f"Convlet cannot work without: {', '.join(check.name for check in lacking)}", "bold red")
    absent = sum(check.found is None for check in checks)
    if not absent:
        return Text("Everything is here.", "green")
    return Text(
        f"All that is needed is here; what is marked - ({absent}) is for some commands only.", "green"
    )
