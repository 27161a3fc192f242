"""`convlet emulate`: a board without a board."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import click

from convlet import emulate, firmware
from convlet.cli import Session
from convlet.errors import ConvletError
from convlet.files import read_file
from convlet.recordings import read_motion


@click.command()
@click.option(
    "--board", type=click.Choice(["pico"]), default="pico", show_default=True, help="What to emulate."
)
@click.option("--firmware", "image", type=click.Path(path_type=Path), help="UF2 file; else ours is built.")
@click.option(
    "--model", "models", multiple=True, type=click.Path(path_type=Path), help="File to put on the board."
)
@click.option(
    "--tcp-port", type=click.IntRange(0, 65535), help="Listen on this TCP port; 0 picks a free one."
)
@click.option(
    "--motion",
    type=click.Path(path_type=Path),
    help="Attach an MPU6050 to I2C0 that feels this file of `convlet recording`.",
)
@click.option("--uarts", is_flag=True, help="Wire UART0 and UART1 to sockets of this computer.")
@click.option("--pty", is_flag=True, help="Listen on a pseudo-terminal, as ampy and Thonny need.")
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
) -> None:
    """Boot the Pico's firmware in an emulator and wait for mpremote, ampy or Thonny, until Ctrl-C."""
    if pty and tcp_port is not None:
        raise click.UsageError("--pty and --tcp-port exclude each other")
    if image is not None and not image.is_file():
        raise ConvletError(f"there is no firmware {image}")
    files = {path.name: read_file(path, "the file for the board") for path in models}
    if motion is not None:
        read_motion(motion)
    uf2 = image or firmware.build(board, progress=session.progress).image
    signal.signal(signal.SIGTERM, _stop)
    try:
        with emulate.pico(uf2, files, tcp_port=tcp_port or 0, pty=pty, motion=motion, uarts=uarts) as running:
            session.console.print(
                f"listening on {running.port}; Ctrl-C stops", highlight=False, markup=False, soft_wrap=True
            )
            session.console.print(
                f"  mpremote connect {running.port} repl", highlight=False, markup=False, soft_wrap=True
            )
            for number, port in enumerate(running.uarts):
                session.console.print(f"  UART{number} is at {port}", highlight=False, markup=False)
            running.wait()
    except KeyboardInterrupt:
        session.console.print("stopped", highlight=False, markup=False)


def _stop(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends the emulator in the same orderly way as Ctrl-C."""
    raise KeyboardInterrupt
