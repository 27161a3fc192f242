"""Runs the scripts of device/ on a board and reads what they print."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import serial
from numpy.typing import NDArray

from convlet.board import Board, connect
from convlet.checked_line import SILENT_SECONDS
from convlet.errors import BoardError
from convlet.file_kinds import read_script
from convlet.progress import SILENT, Progress
from convlet.resources import DEVICE_FOLDER
from convlet.serial_client import Answer, SerialClient

BATCH_BYTES = 16_000  # of images sent at a time: few enough for the heap of any board
WINDOW_BITS = 12  # of the deflated stream: the board needs as many bytes of RAM, 4 KB, to inflate it


def without_heading(script: Path) -> str:
    """The text of a script for a board without its first comment, which is for people: serial lines can be slow.

    The numbers of the lines stay. Raises ConvletError when it cannot be read, or is no text.
    """
    lines = read_script(script).splitlines()
    heading = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "\n" * heading + "\n".join(lines[heading:]) + "\n"


def run_images(
    board: Board, model: str | bytes, images: NDArray[np.float32], *, progress: Progress = SILENT
) -> NDArray[np.int8]:
    """The raw outputs of `model` for each image, int8[N, outputs], computed on the board.

    Args: `model` the name of a file on the board or the bytes of a .cvl; `images` float32[N, ...].
    Raises BoardError.
    """
    if isinstance(model, bytes):
        board.set_bytes("MODEL", model)
        board.run("MODEL = bytes(MODEL)")  # what cannot change is proved once
    else:
        board.run(f"MODEL = {model!r}")
    batch = max(1, BATCH_BYTES // images[0].nbytes)
    lines: list[str] = []
    with progress.bar(f"{len(images)} images on the board", total=len(images)) as advance:
        for start in range(0, len(images), batch):
            board.set_bytes("IMAGES", _deflate(images[start : start + batch]))
            printed = board.run_file(
                DEVICE_FOLDER / "run_images.py", SILENT_SECONDS, lambda data: advance(data.count(b"\n"))
            )
            lines += printed.split()
    if len(lines) != len(images):
        raise BoardError(f"the board gave {len(lines)} results for {len(images)} images")
    return np.array([np.frombuffer(bytes.fromhex(line), np.int8) for line in lines])


def _deflate(images: NDArray[np.float32]) -> bytes:
    packer = zlib.compressobj(9, wbits=WINDOW_BITS)
    return packer.compress(images.astype("<f4").tobytes()) + packer.flush()


def count_cycles(board: Board) -> int:
    """Processor cycles of one inference of digits.cvl on a Cortex-M board. Raises BoardError."""
    return int(board.run_file(DEVICE_FOLDER / "cycles.py").split()[0])


def classify_samples(board: Board) -> str:
    """What device/classify.py prints on the board. Raises BoardError."""
    return board.run_file(DEVICE_FOLDER / "classify.py")


@contextmanager
def serial_classifier(port: str, model: str) -> Iterator[SerialClient]:
    """Start device/serial_classify.py on the board at `port` with its file `model`. Raises BoardError.

    >>> from convlet import emulate, firmware
    >>> files = {"digits.cvl": Path("digits.cvl").read_bytes()}
    >>> with emulate.pico(firmware.build("pico").image, files) as running:
    ...     with serial_classifier(running.port, "digits.cvl") as client:
    ...         answer = client.classify(np.load("seven.npy"))
    >>> int(answer.scores.argmax()), answer.microseconds > 0
    (7, True)
    """
    with connect(port) as board:
        board.run(f"MODEL = {model!r}")
        with board.talk(without_heading(DEVICE_FOLDER / "serial_classify.py")) as line:
            client = SerialClient(line)
            yield client
            client.end()


@contextmanager
def running_serial_classifier(port: str, baud: int) -> Iterator[SerialClient]:
    """Speak with device/serial_classify.py that runs on the board at `port` already, and goes on. Raises BoardError."""
    try:
        with serial.serial_for_url(port, baudrate=baud) as line:
            yield SerialClient(line)
    except OSError as error:  # pyserial's are such
        raise BoardError(f"no board can be reached at {port}: {error}") from error


def classify_all(
    client: SerialClient, images: NDArray[np.float32], *, progress: Progress = SILENT
) -> list[Answer]:
    """The board's answer to each of float32[N, ...input shape]. Raises BoardError."""
    answers = []
    with progress.bar(f"{len(images)} images over the serial line", total=len(images)) as advance:
        for image in images:
            answers.append(client.classify(image))
            advance(1)
    return answers
