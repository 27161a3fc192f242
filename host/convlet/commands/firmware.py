"""`convlet firmware`: sources and builds of MicroPython with the module `convlet`."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from convlet import bench_build, engine_size, firmware, flash, sources
from convlet.boards import BOARDS
from convlet.cli import Session, examples, json_option, out_option
from convlet.console import plain_table
from convlet.cvl_file import read_cvl_at
from convlet.files import write_atomic
from convlet.format import CHOOSABLE, EXTRAS


@click.group(help="Build MicroPython with the module convlet, and put it on a board.")
def command() -> None:
    """The group of the firmware commands."""


def only_options(text: str) -> Callable[[Any], Any]:
    """--only, with this text, and --with."""
    path = click.Path(path_type=Path)
    only = click.option("--only", type=path, multiple=True, metavar="MODEL.cvl", help=text)
    extras = click.option(
        "--with",
        "extras",
        type=click.Choice(list(EXTRAS), case_sensitive=False),
        multiple=True,
        help="What --only is to keep besides: "
        + "; ".join(f"{name.lower()}: {what}" for name, what in EXTRAS.items())
        + ".",
    )
    return lambda function: only(extras(function))


@command.command("sources")
@json_option
@click.pass_obj
def fetch_sources(session: Session, as_json: bool) -> None:
    """Fetch the sources of MicroPython and the Pico SDK into the cache."""
    found = sources.fetch(session.progress)
    if as_json:
        paths = {"micropython": str(found.micropython), "pico_sdk": str(found.pico_sdk)}
        session.print_json({"version": found.version, **paths})
        return
    session.say(f"MicroPython {found.version}: {found.micropython}")
    session.say(f"Pico SDK: {found.pico_sdk}")


@command.command("build", epilog=examples("convlet firmware build --board pico -o pico.uf2"))
@click.option(
    "--board",
    type=click.Choice(list(BOARDS)),
    metavar="NAME",
    required=True,
    help="What to build for: a name of `convlet boards`.",
)
@only_options("Leave out what this model does not need; may be given several times.")
@click.option("--without-module", is_flag=True, help="Plain MicroPython, to compare with.")
@click.option(
    "--hot-in-ram", is_flag=True, help="Board pico: put the kernels into RAM, out of the cache's way."
)
@click.option("--sanitize", is_flag=True, help="Board unix: check addresses and undefined behaviour.")
@out_option("File to copy the image to.")
@json_option
@click.pass_obj
def build(
    session: Session,
    board: str,
    only: Sequence[Path],
    extras: Sequence[str],
    without_module: bool,
    hot_in_ram: bool,
    sanitize: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Build firmware and say what the module adds to it."""
    if without_module and (only or hot_in_ram):
        raise click.UsageError("--without-module excludes --only and --hot-in-ram")
    began = time.monotonic()
    operators = operators_of(only, extras)
    made = firmware.build(
        board,
        with_module=not without_module,
        operators=operators,
        sanitize=sanitize,
        hot_in_ram=hot_in_ram,
        progress=session.progress,
    )
    added = None
    if not without_module and not sanitize:
        added = firmware.added_by_module(
            board, operators=operators, hot_in_ram=hot_in_ram, progress=session.progress
        )
    if out:
        write_atomic(out, made.image.read_bytes())
    image, seconds = out or made.image, time.monotonic() - began
    if as_json:
        session.print_json(
            {
                "board": board,
                "image": str(image),
                "flash_bytes": made.flash_bytes,
                "ram_bytes": made.ram_bytes,
                "operators": made.operators,
                "added": added and asdict(added),
            }
        )
        return
    if not without_module:
        session.say(f"operators: {', '.join(made.operators)}")
    if added:
        session.say(
            f"the module adds {added.flash_bytes:,} bytes of flash and {added.ram_bytes:,} bytes of RAM"
        )
    session.say(
        f"{image}: {made.flash_bytes:,} bytes of flash, {made.ram_bytes:,} of RAM, in {seconds:.0f} s"
    )


@command.command(
    "flash",
    epilog=examples(
        "convlet firmware flash --board pico", "convlet firmware flash --board esp32c3 --port /dev/ttyUSB0"
    ),
)
@click.option(
    "--board",
    type=click.Choice([board.name for board in BOARDS.values() if board.flashed_by]),
    metavar="NAME",
    required=True,
    help="What is attached: a name of `convlet boards`.",
)
@click.option(
    "--port", help="Serial port of an ESP32, or folder of a Pico's drive; else the one that is attached."
)
@click.option(
    "--image", type=click.Path(path_type=Path), help="UF2 file or firmware.bin to flash; else ours is built."
)
@json_option
@click.pass_obj
def flash_firmware(session: Session, board: str, port: str | None, image: Path | None, as_json: bool) -> None:
    """Put firmware on a board.

    A Pico shows its drive when it is plugged in with BOOTSEL held, or, where MicroPython runs already, when its serial
    port is named.
    """
    made = image or firmware.build(board, progress=session.progress).image
    flash.flash(board, made, port=port, progress=session.progress)
    if as_json:
        session.print_json({"board": board, "image": str(made)})
        return
    session.say(f"the {BOARDS[board].title} runs {made.name}; next: convlet deploy MODEL.cvl")


@command.command("size", epilog=examples("convlet firmware size --core m0plus --only photos.cvl"))
@click.option(
    "--board",
    type=click.Choice([board.name for board in BOARDS.values() if board.build.link_map]),
    metavar="NAME",
    show_default="pico",
    help="Of the firmware of this board, a name of `convlet boards`.",
)
@click.option(
    "--core",
    type=click.Choice(list(bench_build.CORES)),
    help="Of the engine alone on this processor, without MicroPython; also by operator.",
)
@only_options("Also show a build for this model alone, or for these.")
@json_option
@click.pass_obj
def size(
    session: Session,
    board: str | None,
    core: str | None,
    only: Sequence[Path],
    extras: Sequence[str],
    as_json: bool,
) -> None:
    """Show what each C file of the module takes of a board's flash."""
    if board and core:
        raise click.UsageError("--board and --core exclude each other")
    builds = {"all operators": operators_of((), () if only else extras)}
    if only:
        builds[f"only {', '.join(path.name for path in only)}"] = operators_of(only, extras)
    if core:
        processor = bench_build.CORES[core]
        engines = {name: bench_build.build(processor, operators) for name, operators in builds.items()}
        sizes = {name: engine_size.measure_engine(engine) for name, engine in engines.items()}
        by_operator = engine_size.operator_bytes(processor)
        if as_json:
            engine_sizes = {name: asdict(each) | {"total": each.total} for name, each in sizes.items()}
            session.print_json({"core": core, "builds": engine_sizes, "operators": by_operator})
            return
        session.console.print(_engine_table(sizes))
        session.console.print(_operator_table(by_operator))
        return
    columns = {
        name: firmware.measure(board or "pico", operators=operators, progress=session.progress)
        for name, operators in builds.items()
    }
    if as_json:
        measured = {name: asdict(each) | {"rest": each.rest} for name, each in columns.items()}
        session.print_json({"board": board or "pico", "builds": measured})
        return
    session.console.print(_size_table(columns))


def operators_of(models: Sequence[Path], extras: Sequence[str] = ()) -> Collection[str]:
    """Those that the models need, and extras; all when no model is named."""
    if not models:
        if extras:
            raise click.UsageError("--with goes with --only: without it nothing is left out")
        return CHOOSABLE
    return set(extras).union(*(read_cvl_at(path).kernels for path in models))


def _size_table(columns: dict[str, firmware.Measured]) -> Table:
    measured = list(columns.values())
    table = _file_table("Bytes of flash", list(columns), [each.file_bytes for each in measured])
    table.add_row("names for Python, other parts of MicroPython", *(f"{each.rest:,}" for each in measured))
    table.add_section()
    table.add_row("what the module adds", *(f"{each.added.flash_bytes:,}" for each in measured))
    return table


def _engine_table(columns: dict[str, engine_size.EngineSize]) -> Table:
    sizes = list(columns.values())
    table = _file_table("Bytes of code", list(columns), [each.file_bytes for each in sizes])
    table.add_section()
    table.add_row("the engine", *(f"{each.total:,}" for each in sizes))
    table.add_row("what it calls of the compiler's library", *(f"{each.library:,}" for each in sizes))
    return table


def _operator_table(operators: dict[str, int]) -> Table:
    table = plain_table("Operators that share a kernel", "Bytes it adds to none", words=1)
    for names, count in operators.items():
        table.add_row(names, f"{count:,}")
    return table


def _file_table(title: str, columns: Sequence[str], file_bytes: Sequence[dict[str, int]]) -> Table:
    """A row for each file that is in one of the builds."""
    table = plain_table(title, *columns, words=1)
    for path in sorted(set().union(*file_bytes)):
        table.add_row(path, *(f"{each.get(path, 0):,}" for each in file_bytes))
    return table
