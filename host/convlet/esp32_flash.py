"""Flashes boards of the ESP32 family through esptool's library: chip and image are checked before a byte is erased."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from convlet.boards import Board
from convlet.errors import BoardError, ToolError
from convlet.progress import SILENT, Progress

PARTITION_TABLE = 0x8000  # where it lies in flash in MicroPython's builds
PARTITION_BYTES = 32
FAST_BAUD = 460_800
_IMAGE_MAGIC, _PARTITION_MAGIC = 0xE9, 0x50AA
_CHIP_ID_AT = 12  # in the header of an image


def flash(board: Board, data: bytes, port: str, progress: Progress = SILENT) -> None:
    """Write MicroPython's `firmware.bin` (boot loader, partition table, application) to the chip at `port`.

    The file system behind it, with its models, stays. Raises BoardError, and ToolError when esptool is missing.
    """
    chip = _chips()[board.esp_chip]
    _check_image(chip, data)
    progress.step(f"Connecting to the {board.title} at {port}")
    from convlet.esptool_log import reporting

    with _esptool_errors(port, "before anything was written"), reporting(progress):
        found = _connect(port)
    with found:
        if found.CHIP_NAME != chip.CHIP_NAME:
            raise BoardError(
                f"the chip at {port} is an {found.CHIP_NAME}, not the {chip.CHIP_NAME} of the board {board.name}: "
                "nothing was written"
            )
        with _esptool_errors(port, "before anything was written"), reporting(progress):
            loader = _prepare(found, data)
        _write(loader, data, port, progress)
    progress.detail(f"{len(data):,} bytes are in flash, verified by MD5")


def _chips() -> Any:
    try:
        from esptool.targets import CHIP_DEFS
    except ImportError as error:
        raise ToolError("esptool is not installed: pip install 'convlet[boards]'") from error
    return CHIP_DEFS


def _check_image(chip: Any, data: bytes) -> None:
    """Raises BoardError unless `data` holds boot loader, partition table and application, all for `chip`.

    esptool itself looks at the first only.
    """
    table = PARTITION_TABLE - chip.BOOTLOADER_FLASH_OFFSET
    _check_header(chip, data, 0, "boot loader")
    if data[table : table + 2] != struct.pack("<H", _PARTITION_MAGIC):
        raise BoardError(
            f"the firmware has no partition table at byte 0x{table:x}: it is no whole firmware.bin of MicroPython "
            f"for the {chip.CHIP_NAME}"
        )
    application = _application_offset(data[table:]) - chip.BOOTLOADER_FLASH_OFFSET
    _check_header(chip, data, application, "application")


def _check_header(chip: Any, data: bytes, start: int, what: str) -> None:
    header = data[start : start + _CHIP_ID_AT + 2]
    if len(header) < _CHIP_ID_AT + 2 or header[0] != _IMAGE_MAGIC:
        raise BoardError(
            f"the firmware has no {what} at byte 0x{start:x}: expected MicroPython's firmware.bin"
        )
    (chip_id,) = struct.unpack_from("<H", header, _CHIP_ID_AT)
    if chip_id != chip.IMAGE_CHIP_ID:
        names = [known.CHIP_NAME for known in _chips().values() if _image_chip_id(known) == chip_id]
        raise BoardError(
            f"the {what} in the firmware is for the {', '.join(names) or f'chip number {chip_id}'}, not the "
            f"{chip.CHIP_NAME}: nothing was written"
        )


def _image_chip_id(chip: Any) -> int | None:
    return getattr(chip, "IMAGE_CHIP_ID", None)


def _application_offset(table: bytes) -> int:
    """Where in flash the first application of a partition table lies."""
    for start in range(0, len(table) - PARTITION_BYTES, PARTITION_BYTES):
        magic, kind, _, offset, _ = struct.unpack_from("<HBBII", table, start)
        if magic != _PARTITION_MAGIC:
            break
        if kind == 0:
            return int(offset)
    raise BoardError("the partition table in the firmware has no application")


def _connect(port: str) -> Any:
    from esptool.cmds import detect_chip

    return detect_chip(port)


def _prepare(found: Any, data: bytes) -> Any:
    """Start esptool's flasher on the chip and check that its flash holds `data`."""
    from esptool.cmds import attach_flash, detect_flash_size, run_stub
    from esptool.util import flash_size_bytes

    loader = run_stub(found)
    if loader.IS_STUB:
        loader.change_baud(FAST_BAUD)
    attach_flash(loader)
    size = flash_size_bytes(detect_flash_size(loader))
    if size and loader.BOOTLOADER_FLASH_OFFSET + len(data) > size:
        raise BoardError(f"the firmware of {len(data):,} bytes does not fit the flash of {size:,} bytes")
    return loader


def _write(loader: Any, data: bytes, port: str, progress: Progress) -> None:
    from esptool.cmds import reset_chip, verify_flash, write_flash

    from convlet.esptool_log import reporting

    parts: list[Any] = [(loader.BOOTLOADER_FLASH_OFFSET, data)]
    with _esptool_errors(port, "while flash was written: its firmware is not whole"):
        with progress.bar(f"writing {len(data):,} bytes", total=1) as advance, reporting(progress, advance):
            write_flash(loader, parts)
        with reporting(progress):
            verify_flash(loader, parts)
            reset_chip(loader)


@contextmanager
def _esptool_errors(port: str, when: str) -> Iterator[None]:
    """Errors of esptool and pyserial as BoardError."""
    from esptool.util import FatalError

    try:
        yield
    except (FatalError, OSError, struct.error) as error:
        raise BoardError(
            f"the ESP32 at {port} failed {when} ({error}). Its boot loader in ROM is always there: hold BOOT, press "
            "RESET, and repeat"
        ) from error
