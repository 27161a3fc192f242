"""Flashes RP2040 and RP2350 boards: a UF2 file copied to the drive that they show in BOOTSEL mode, or by picotool."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import string
import struct
import sys
import time
from pathlib import Path

from convlet.board import ConnectionLost, connect
from convlet.boards import Board, Uf2
from convlet.errors import BoardError
from convlet.file_kinds import UF2, kind_of
from convlet.processes import run
from convlet.progress import SILENT, Progress

INFO_FILE = "INFO_UF2.TXT"
MOUNT_SECONDS = 10  # from a board's restart in its boot loader until its drive is mounted
RESTART_SECONDS = 20  # from the last byte until the drive has gone
BLOCK_BYTES = 512
CHUNK_BYTES = 64 * 1024
_MAGICS = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_ANY_RP2350 = 0xE48BFF57  # marks a block that its boot ROM ignores (erratum RP2350-E10)
_LABELS = Path("/dev/disk/by-label")  # Linux: drives that are there, mounted or not


def flash(
    board: Board, image: Path, data: bytes, port: str | None = None, progress: Progress = SILENT
) -> None:
    """Write the UF2 `data` to `board`; `port` is the folder of its drive, else that is looked for.

    A serial port is that of a board which runs MicroPython, and is asked for its drive. Without a drive picotool does
    it, where it is installed: with the file `image`. Raises BoardError.
    """
    uf2 = board.build.uf2
    assert uf2 is not None
    _check_image(board, uf2, data)
    if port and Path(port).is_dir():
        drive: Path | None = Path(port)
    elif port:
        progress.step(f"Restarting the board at {port} in its boot loader")
        drive = _ask_for_drive(port)
    else:
        drive = _find_drive()
    if drive:
        _check_drive(board, uf2, drive)
        progress.step(f"Copying the firmware to {drive}")
        _copy(data, drive, progress)
        _await_restart(drive)
    elif shutil.which("picotool"):
        progress.step("Flashing by picotool")
        run(["picotool", "load", "--verify", "--execute", image], f"flash the {board.title}")
    else:
        raise BoardError(_advice(board, uf2))


def _check_image(board: Board, uf2: Uf2, data: bytes) -> None:
    """Raises BoardError unless `data` is a whole UF2 file for the chip of `board`."""
    count = len(data) // BLOCK_BYTES
    if not data or len(data) % BLOCK_BYTES:
        size = f"{len(data):,} bytes are no multiple of {BLOCK_BYTES}"
        raise BoardError(
            f"the firmware is no UF2 file: {size if kind_of(data) == UF2 else f'found {kind_of(data)}'}"
        )
    for number in range(count):
        block = data[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES]
        start, second, _, _, _, _, _, family = struct.unpack_from("<8I", block)
        (end,) = struct.unpack_from("<I", block, BLOCK_BYTES - 4)
        if (start, second, end) != _MAGICS:
            raise BoardError(f"the firmware is no whole UF2 file: block {number} of {count} is damaged")
        if family not in (uf2.family, _ANY_RP2350):
            raise BoardError(
                f"the firmware is for UF2 family 0x{family:08x}, the {board.title} ({board.chip}) needs "
                f"0x{uf2.family:08x}: nothing was written"
            )
    last = data[-BLOCK_BYTES:]
    number, total = struct.unpack_from("<2I", last, 20)
    if number + 1 != total:
        raise BoardError(f"the firmware is cut off: its last block is number {number + 1} of {total}")


def _ask_for_drive(port: str) -> Path | None:
    """Restart the board at a serial port in its boot loader; the drive that it shows, if that is mounted."""
    with contextlib.suppress(ConnectionLost), connect(port, soft_reset=False) as running:
        running.start_boot_loader()
    deadline = time.monotonic() + MOUNT_SECONDS
    while not (drive := _find_drive()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return drive


def _find_drive() -> Path | None:
    """The one UF2 drive that is mounted, of whatever chip; None when there is none."""
    found = [folder for folder in _mount_points() if (folder / INFO_FILE).is_file()]
    if len(found) > 1:
        names = ", ".join(map(str, found))
        raise BoardError(f"{len(found)} boards wait for firmware, choose one with --port: {names}")
    return found[0] if found else None


def _mount_points() -> list[Path]:
    if sys.platform == "win32":
        return [Path(f"{letter}:\\") for letter in string.ascii_uppercase if Path(f"{letter}:\\").exists()]
    if sys.platform == "darwin":
        return sorted(Path("/Volumes").iterdir())
    lines = Path("/proc/self/mounts").read_text().splitlines()
    fields = [line.split() for line in lines]
    # A space in a path is written \040.
    return [Path(words[1].replace("\\040", " ")) for words in fields if words[2] == "vfat"]


def _check_drive(board: Board, uf2: Uf2, drive: Path) -> None:
    try:
        info = (drive / INFO_FILE).read_text(errors="replace")
    except OSError as error:
        raise BoardError(f"{drive} is no drive of a Pico: it has no {INFO_FILE}") from error
    found = re.search(r"Board-ID: *(\S+)", info)
    if not found or found.group(1) != uf2.info:
        name = found.group(1) if found else "unknown"
        raise BoardError(
            f"the board at {drive} calls itself {name}, the {board.title} would be {uf2.info}: nothing was written"
        )


def _copy(data: bytes, drive: Path, progress: Progress) -> None:
    """Write `data` to the drive, down to the board. The board restarts at the last block, under our hands."""
    written = 0
    try:
        with (
            progress.bar(f"writing {len(data):,} bytes", total=len(data)) as advance,
            (drive / "firmware.uf2").open("wb") as file,
        ):
            while written < len(data):
                chunk = data[written : written + CHUNK_BYTES]
                file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
                written += len(chunk)
                advance(len(chunk))
    except OSError as error:
        if written + CHUNK_BYTES >= len(data) and not (drive / INFO_FILE).exists():
            return  # gone with the last chunk: it has restarted
        raise BoardError(
            f"writing to {drive} failed after {written:,} of {len(data):,} bytes ({error.strerror}). The board still "
            "has its boot loader: plug it in again with BOOTSEL held, and repeat"
        ) from error


def _await_restart(drive: Path) -> None:
    """Return when the drive has gone, which says that the board has taken every block and started the firmware."""
    deadline = time.monotonic() + RESTART_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if (drive / INFO_FILE).exists():
                time.sleep(0.1)
                continue
        return
    raise BoardError(
        f"the board at {drive} did not restart within {RESTART_SECONDS} s: it has not taken the firmware. "
        "Plug it in again with BOOTSEL held, and repeat"
    )


def _advice(board: Board, uf2: Uf2) -> str:
    label = _LABELS / uf2.info
    if label.exists():
        return f"the {board.title} is there as {label}, but not mounted: udisksctl mount -b {label}"
    return (
        f"no {board.title} waits for firmware: plug it in with BOOTSEL held (one that runs MicroPython: name its "
        "serial port with --port) until its drive is mounted, or install picotool"
    )
