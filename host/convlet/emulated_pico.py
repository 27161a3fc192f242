"""The process in which rp2040py runs our Pico firmware: `python -m convlet.emulated_pico micropython ...`.

It takes rp2040py's command line, and prints `emulate.BOOTED` when the board's USB console is there. It ends when its
standard input does, so that it never outlives the process that started it.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from rp2040py.boards import BOARDS as RP2040PY_BOARDS
from rp2040py.boards import BoardSpec, FlashLayout
from rp2040py.device import MicroPythonDevice

from convlet import boards, emulate
from convlet.emulated_mpu6050 import Mpu6050OnI2C0
from convlet.emulated_uart import UartOnSocket
from convlet.recordings import read_motion


def _spec() -> BoardSpec:
    """rp2040py's Pico with the file system where our board definition has it, and what `emulate` wires to it."""
    storage = boards.find(os.environ.get(emulate.BOARD, "pico")).storage
    assert storage is not None
    layout = FlashLayout(
        fs_start=storage.offset, fs_blockcount=storage.size // storage.block, fs_blocksize=storage.block
    )
    extras = RP2040PY_BOARDS["pico"].extras
    if emulate.MOTION in os.environ:
        rows = read_motion(Path(os.environ[emulate.MOTION]))
        extras += (lambda: Mpu6050OnI2C0(rows),)
    if emulate.UARTS in os.environ:
        extras += (lambda: UartOnSocket(0), lambda: UartOnSocket(1))
    return BoardSpec(extras=extras, layout=layout)


BOARD = _spec()


class _AnnouncingDevice(MicroPythonDevice):
    def _post_boot_handshake(self) -> None:
        # Upstream types a newline here. It may reach the board after a client's first bytes and spoil them.
        print(emulate.BOOTED, flush=True)


def _end_with_parent() -> None:
    # Not through sys.stdin: the interpreter cannot end while a thread waits for its buffer.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    cli: Any = importlib.import_module("rp2040py.cli")
    cli.MicroPythonDevice = _AnnouncingDevice
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        cli.main()
    except OSError as error:  # such as a port in use
        sys.exit(f"error: {error}")
