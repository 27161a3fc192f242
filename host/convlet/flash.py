"""Puts firmware on a board: the one place that knows which way each board takes it."""

from __future__ import annotations

from pathlib import Path

from convlet import boards, esp32_flash, uf2_flash
from convlet.board import attached_port
from convlet.errors import BoardError
from convlet.files import read_file
from convlet.progress import SILENT, Progress


def flash(board: str, image: Path, *, port: str | None = None, progress: Progress = SILENT) -> None:
    """Write the firmware `image` to the board, and return when it is proved to be there.

    `port`: the serial port of an ESP32, the folder where a Pico's drive is mounted, or the serial port of a Pico that
    runs MicroPython; else what is attached is found.
    Raises BoardError before anything is erased when the image is for another chip than the board's, or the board is
    another than `board` says; and when writing fails.

    >>> Path("firmware.uf2").write_bytes(b"something else")
    14
    >>> flash("pico", Path("firmware.uf2"))
    Traceback (most recent call last):
        ...
    convlet.errors.BoardError: the firmware is no UF2 file: found text that begins with 'something else'
    """
    target = boards.find(board)
    if not target.flashed_by:
        raise BoardError(f"the board {board} needs no flashing: it runs on this computer")
    data = read_file(image, "the firmware")
    if target.esp_chip:
        esp32_flash.flash(target, data, port or attached_port(), progress)
    else:
        uf2_flash.flash(target, Path(image), data, port, progress)
