"""Labelled samples from a sensor on a board into a data set: a folder a label, a .npy file a sample."""

from __future__ import annotations

import os
import re
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convlet.board import connect
from convlet.checked_line import CheckedLine, DamagedLine
from convlet.errors import BoardError, ConvletError
from convlet.on_board import without_heading
from convlet.progress import SILENT, Progress
from convlet.resources import DEVICE_FOLDER

SENSOR = DEVICE_FOLDER / "mpu6050.py"
TRIES = 4  # of each sample
_TYPES: dict[str, np.dtype[Any]] = {"f": np.dtype("<f4"), "B": np.dtype("u1")}
_NAME = re.compile(r"sample_(\d+)\.npy")

Sample = NDArray[np.float32] | NDArray[np.uint8]  # [rows, ...shape of a row]


class BrokenSample(Exception):
    """A line of it was damaged, or the sensor did not deliver all of it."""


@dataclass
class Captured:
    """The files written; how many samples were taken again; whether the source ended before all were there."""

    files: list[Path] = field(default_factory=list)
    repeated: int = 0
    ended: bool = False


class SampleClient:
    """Speaks with device/capture.py, which describes what is said on the line."""

    def __init__(self, line: CheckedLine) -> None:
        self.line = line

    def take(self, rows: int) -> Sample | None:
        """The next sample, None when the source has ended. Raises BrokenSample, BoardError."""
        self.line.port.write(b"%d\n" % rows)
        try:
            return self._receive(rows)
        except DamagedLine as error:
            self.line.wait_until_quiet()
            raise BrokenSample(str(error)) from error

    def end(self) -> None:
        """Let the script on the board end."""
        self.line.port.write(b"end\n")

    def _receive(self, rows: int) -> Sample | None:
        first = self.line.receive()
        if first == b"Z":
            return None
        if first[:1] == b"X":
            raise BrokenSample(first[1:].decode(errors="replace"))
        kind, shape = _description(first)
        values: list[bytes] = []
        while (line := self.line.receive()) != b"E":
            if line[:1] == b"X":
                raise BrokenSample(line[1:].decode(errors="replace"))
            if line[:1] != b"R" or struct.unpack_from("<H", line, 1)[0] != len(values):
                raise DamagedLine(f"row {len(values)} is missing")
            values.append(line[3:])
        row_bytes = kind.itemsize * int(np.prod(shape))
        if len(values) != rows or any(len(row) != row_bytes for row in values):
            raise BrokenSample(f"got {len(values)} rows of {shape}, expected {rows}")
        return np.frombuffer(b"".join(values), kind).reshape(rows, *shape)


def _description(line: bytes) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Type and shape of a row. Raises DamagedLine."""
    try:
        kind, *shape = line[1:].decode().split()
        return _TYPES[kind], tuple(int(length) for length in shape)
    except (ValueError, KeyError):
        raise DamagedLine(f"a sample begins with {line[:60]!r}") from None


def capture(
    port: str,
    folder: Path,
    label: str,
    *,
    rows: int,
    count: int,
    sensor: Path = SENSOR,
    pause: float = 0,
    captured: Captured | None = None,
    progress: Progress = SILENT,
) -> Captured:
    """Take `count` samples of `rows` rows from the sensor on the board at `port` into `folder`/`label`.

    Each file is whole or not there, and none is replaced.

    Args: `sensor` a file as device/mpu6050.py; `pause` seconds before each sample; `captured` is filled as samples
    come, so that it tells what there is after Ctrl-C, too.
    Raises BoardError, ConvletError.

    >>> from convlet import emulate, firmware
    >>> from convlet.recordings import motion_csv
    >>> recording = Path("motion.csv")
    >>> recording.write_text(motion_csv(("Walking",), steps=2)) > 0
    True
    >>> with emulate.pico(firmware.build("pico").image, motion=recording) as running:
    ...     done = capture(running.port, Path("data"), "walking", rows=2, count=1)
    >>> [path.name for path in done.files]
    ['sample_0001.npy']
    """
    captured = captured or Captured()
    if not label or label.startswith(".") or set(label) & set('/\\:*?"<>|'):
        raise ConvletError(f"a label names a folder, which {label!r} cannot")
    opening = without_heading(sensor)
    with connect(port) as board:
        board.run(opening)
        with (
            board.talk(without_heading(DEVICE_FOLDER / "capture.py")) as line,
            progress.bar(f"{count} samples of {label}", total=count) as advance,
        ):
            client = SampleClient(CheckedLine(line))
            while len(captured.files) < count and not captured.ended:
                time.sleep(pause)
                sample = _whole_sample(client, rows, captured)
                if sample is None:
                    captured.ended = True
                else:
                    captured.files.append(save_sample(folder / label, sample))
                    advance(1)
            client.end()
    return captured


def _whole_sample(client: SampleClient, rows: int, captured: Captured) -> Sample | None:
    for _ in range(TRIES):
        try:
            return client.take(rows)
        except BrokenSample as error:
            fault = str(error)
            captured.repeated += 1
    raise BoardError(f"{TRIES} times in a row no whole sample came from the board: {fault}")


def save_sample(folder: Path, sample: Sample) -> Path:
    """Write `sample` to the first free name of sample_0001.npy, sample_0002.npy ... behind the last one in `folder`.

    Raises ConvletError when it cannot be written.

    >>> save_sample(Path("data/walking"), np.zeros((4, 6), np.float32)).name
    'sample_0001.npy'
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        numbers = [int(found[1]) for path in folder.iterdir() if (found := _NAME.fullmatch(path.name))]
        return _write_new(folder, max(numbers, default=0) + 1, sample)
    except OSError as error:
        raise ConvletError(f"cannot write a sample to {folder}: {error.strerror}") from error


def _write_new(folder: Path, number: int, sample: Sample) -> Path:
    temporary = folder / f".sample.{os.getpid()}"
    try:
        with temporary.open("wb") as file:
            np.save(file, sample)
        while True:
            path = folder / f"sample_{number:04}.npy"
            try:
                os.link(temporary, path)  # unlike a rename, never in the place of a file
                return path
            except FileExistsError:  # another capture was faster
                number += 1
    finally:
        temporary.unlink(missing_ok=True)
