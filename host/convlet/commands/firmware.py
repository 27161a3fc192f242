"""`convlet firmware`: sources and builds of MicroPython with the module `convlet`."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import click

from convlet import firmware, sources
from convlet.boards import BOARDS
from convlet.cli import Session


@click.group(help="Build MicroPython firmware with the module convlet.")
def command() -> None:
    """The group of the firmware commands."""


@command.command("sources")
@click.pass_obj
def fetch_sources(session: Session) -> None:
    """Fetch the sources of MicroPython and the Pico SDK into the cache."""
    found = sources.fetch(session.progress)
    session.console.print(
        f"MicroPython {found.version}: {found.micropython}", highlight=False, markup=False, soft_wrap=True
    )
    session.console.print(f"Pico SDK: {found.pico_sdk}", highlight=False, markup=False, soft_wrap=True)


@command.command("build")
@click.option("--board", type=click.Choice(list(BOARDS)), required=True, help="What to build for.")
@click.option("--without-module", is_flag=True, help="Plain MicroPython, to compare with.")
@click.option("--sanitize", is_flag=True, help="Board unix: check addresses and undefined behaviour.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Copy the image to this file.")
@click.pass_obj
def build(session: Session, board: str, without_module: bool, sanitize: bool, output: Path | None) -> None:
    """Build firmware and say what the module adds to it."""
    began = time.monotonic()
    made = firmware.build(board, with_module=not without_module, sanitize=sanitize, progress=session.progress)
    if not without_module and not sanitize:
        added = firmware.added_by_module(board, progress=session.progress)
        session.console.print(
            f"the module adds {added.flash_bytes:,} bytes of flash and {added.ram_bytes:,} bytes of RAM",
            highlight=False,
            markup=False,
        )
    if output:
        shutil.copy2(made.image, output)
    image = output or made.image
    seconds = time.monotonic() - began
    session.console.print(
        f"{image}: {made.flash_bytes:,} bytes of flash, {made.ram_bytes:,} of RAM, in {seconds:.0f} s",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
