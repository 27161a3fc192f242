"""`convlet emulate`: a board without a board."""

from __future__ import annotations

import signal
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import click
from rich.table import Table

from convlet import emulate, firmware
from convlet.board import connect
from convlet.board_profile import CLOCK_HZ, CYCLES_PER_US, PicoProfile, profile_on_pico
from convlet.cli import Session, examples, json_option
from convlet.console import plain_table
from convlet.cvl_file import read_cvl_at
from convlet.cvl_program import read_program
from convlet.file_kinds import UF2, read_kind
from convlet.files import read_file
from convlet.recordings import read_motion


@click.command(
    epilog=examples(
        "convlet emulate --model photos.cvl --tcp-port 4321", "convlet emulate --model photos.cvl --profile"
    )
)
@click.option(
    "--board", type=click.Choice(["pico"]), default="pico", show_default=True, help="What to emulate."
)
@click.option(
    "--firmware", "image", type=click.Path(path_type=Path), help="UF2 file to boot; else ours is built."
)
@click.option(
    "--model",
    "models",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A .cvl, or any file, to be in the board's file system; may be given several times.",
)
@click.option(
    "--tcp-port", type=click.IntRange(0, 65535), help="Listen on this TCP port; 0 picks a free one."
)
@click.option(
    "--motion",
    type=click.Path(path_type=Path),
    help="Attach an MPU6050 to I2C0 that feels this file of `convlet recording`.",
)
@click.option(
    "--profile",
    is_flag=True,
    help="Print the cycles that each operator of the --model takes there, and stop.",
)
@click.option(
    "--window",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="With --profile: the weights stay in the file, as by Model(file, window=BYTES).",
)
@click.option("--uarts", is_flag=True, help="Wire UART0 and UART1 to sockets of this computer.")
@click.option("--pty", is_flag=True, help="Listen on a pseudo-terminal, as ampy and Thonny need.")
@json_option
@click.pass_obj
def command(
    session: Session,
    board: str,
    image: Path | None,
    models: tuple[Path, ...],
    tcp_port: int | None,
    pty: bool,
    motion: Path | None,
    uarts: bool,
    profile: bool,
    window: int | None,
    as_json: bool,
) -> None:
    """Boot the Pico's firmware in an emulator and wait for mpremote, ampy or Thonny, until Ctrl-C."""
    if pty and tcp_port is not None:
        raise click.UsageError("--pty and --tcp-port exclude each other")
    if profile and len(models) != 1:
        raise click.UsageError("--profile needs one --model")
    if window is not None and not profile:
        raise click.UsageError("--window goes with --profile")
    if image is not None:
        read_kind(image, UF2, "the firmware")
    files = {path.name: read_file(path, "the file for the board") for path in models}
    if profile:
        read_cvl_at(models[0])
    if motion is not None:
        read_motion(motion)
    emulate.require_packages()
    uf2 = image or firmware.build(board, progress=session.progress).image
    signal.signal(signal.SIGTERM, _stop)
    try:
        with emulate.pico(uf2, files, tcp_port=tcp_port or 0, pty=pty, motion=motion, uarts=uarts) as running:
            if profile:
                _show_profile(session, running.port, models[0], window or 0, as_json)
                return
            if as_json:
                session.print_json({"board": board, "port": running.port, "uarts": running.uarts})
            else:
                session.say(f"listening on {running.port}; Ctrl-C stops")
                session.say(f"  mpremote connect {running.port} repl")
                for number, port in enumerate(running.uarts):
                    session.say(f"  UART{number} is at {port}")
            running.wait()
    except KeyboardInterrupt:
        if not as_json:
            session.say("stopped")


def _show_profile(session: Session, port: str, model: Path, window: int, as_json: bool) -> None:
    session.progress.step(f"Running {model.name} on an emulated Raspberry Pi Pico")
    program, _ = read_program(model.read_bytes())
    # In two periods a stream leaves its beginning behind, where windows have no rows yet.
    steps_before = 2 * program.steps if program.period else 0
    with connect(port) as board:
        found = profile_on_pico(board, model.name, window, steps_before)
    if as_json:
        session.print_json(asdict(found) | {"between": found.between})
        return
    took = f"{found.cycles / CLOCK_HZ * 1e3:,.3g} ms at {CYCLES_PER_US} MHz"
    if steps_before:
        session.say(f"one step: {found.cycles:,} cycles, {took}")
    else:
        session.console.print(_operators(found, took))
    if window:
        session.say(f"{found.bytes_read:,} bytes are read from the file, which is part of the time")


def _operators(found: PicoProfile, took: str) -> Table:
    table = plain_table("#", "Operator", "Cycles", "Share", "MACs", "per MAC", words=2)
    rows = [(str(index), each.kind, each.cycles, each.macs) for index, each in enumerate(found.operators)]
    macs = sum(each.macs for each in found.operators)
    rows += [("", "between the kernels", found.between, 0), ("", "one inference", found.cycles, macs)]
    for number, kind, cycles, macs in rows:
        per_mac = f"{cycles / macs:.2f}" if macs else ""
        table.add_row(
            number, kind, f"{cycles:,}", f"{cycles / found.cycles:.1%}", f"{macs:,}" if macs else "", per_mac
        )
    table.caption = (
        f"{took}. Operators are timed in steps of 1 us, or {CYCLES_PER_US} cycles, for each row: the mean of "
        f"{found.runs} runs"
    )
    return table


def _stop(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends the emulator in the same orderly way as Ctrl-C."""
    raise KeyboardInterrupt
