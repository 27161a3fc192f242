"""Flashing Picos: a folder plays the drive of their boot loader."""

from __future__ import annotations

import os
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from convlet import flash, uf2_flash
from convlet.boards import Uf2, find
from convlet.errors import BoardError, ToolError
from raw_repl_board import board_with

INFO = {
    "pico": "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n",
    "pico2": "UF2 Bootloader v1.0\nModel: Raspberry Pi RP2350\nBoard-ID: RP2350\n",
}


def uf2_for(board: str, blocks: int = 300) -> bytes:
    uf2 = find(board).build.uf2
    assert uf2 is not None
    return b"".join(block(uf2, number, blocks) for number in range(blocks))


def block(uf2: Uf2, number: int, blocks: int) -> bytes:
    address = uf2.address + 256 * number
    fields = (0x0A324655, 0x9E5D5157, 0x2000, address, 256, number, blocks, uf2.family)
    return struct.pack("<8I476sI", *fields, bytes([number & 255]) * 256, 0x0AB16F30)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "pico.uf2"
    path.write_bytes(uf2_for("pico"))
    return path


@pytest.fixture(autouse=True)
def this_machine_has_no_drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uf2_flash, "_mount_points", list)
    monkeypatch.setattr(uf2_flash, "_LABELS", tmp_path / "labels")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


@contextmanager
def waiting(folder: Path, board: str = "pico", size: int | None = None) -> Iterator[Path]:
    """The drive of a board that restarts once it has got `size` bytes."""
    folder.mkdir()
    info = folder / uf2_flash.INFO_FILE
    info.write_text(INFO[board])

    def restart() -> None:
        file = folder / "firmware.uf2"
        while not done.is_set():
            if file.exists() and file.stat().st_size == size:
                info.unlink()
                return
            time.sleep(0.01)

    done = threading.Event()
    thread = threading.Thread(target=restart)
    thread.start()
    yield folder
    done.set()
    thread.join()


@pytest.mark.parametrize("board", ["pico", "pico2"])
def test_firmware_is_copied_and_the_board_restarts(board: str, tmp_path: Path) -> None:
    data = uf2_for(board)
    (tmp_path / "image.uf2").write_bytes(data)
    with waiting(tmp_path / "drive", board, len(data)) as drive:
        flash.flash(board, tmp_path / "image.uf2", port=str(drive))
        assert (drive / "firmware.uf2").read_bytes() == data


def test_mounted_drive_is_found(image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with waiting(tmp_path / "drive", size=image.stat().st_size) as drive:
        monkeypatch.setattr(uf2_flash, "_mount_points", lambda: [tmp_path, drive])
        flash.flash("pico", image)
        assert (drive / "firmware.uf2").exists()


def test_board_that_runs_micropython_is_asked_for_its_drive(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "files").mkdir()
    monkeypatch.setitem(sys.modules, "machine", SimpleNamespace(bootloader=lambda: os._exit(0)))
    monkeypatch.setattr(time, "sleep_ms", lambda ms: None, raising=False)
    with (
        waiting(tmp_path / "drive", size=image.stat().st_size) as drive,
        board_with(tmp_path / "files") as port,
    ):
        seen = iter([[], [], [drive]])  # mounted after a while
        monkeypatch.setattr(uf2_flash, "_mount_points", lambda: next(seen))
        flash.flash("pico", image, port=port)
        assert (drive / "firmware.uf2").exists()


def test_serial_port_with_nothing_there(image: Path) -> None:
    with pytest.raises(BoardError, match="cannot open /dev/ttyACM77"):
        flash.flash("pico", image, port="/dev/ttyACM77")


def test_board_that_vanishes_with_the_last_chunk(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish(handle: int) -> None:
        if (drive / "firmware.uf2").stat().st_size == image.stat().st_size:
            (drive / uf2_flash.INFO_FILE).unlink()
            raise OSError(5, "Input/output error")

    with waiting(tmp_path / "drive") as drive:
        monkeypatch.setattr(uf2_flash.os, "fsync", vanish)
        flash.flash("pico", image, port=str(drive))


def test_full_or_broken_drive(image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with waiting(tmp_path / "drive") as drive:
        monkeypatch.setattr(uf2_flash.os, "fsync", fail)
        with pytest.raises(BoardError, match=r"failed after 0 of 153,600 bytes \(No space left.*BOOTSEL"):
            flash.flash("pico", image, port=str(drive))


def test_board_that_does_not_take_it(image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uf2_flash, "RESTART_SECONDS", 0.5)
    with waiting(tmp_path / "drive") as drive, pytest.raises(BoardError, match="did not restart within"):
        flash.flash("pico", image, port=str(drive))


def test_board_of_another_chip(image: Path, tmp_path: Path) -> None:
    with waiting(tmp_path / "drive", "pico2") as drive:
        with pytest.raises(
            BoardError, match=r"calls itself RP2350, the Raspberry Pi Pico would be RPI-RP2: nothing"
        ):
            flash.flash("pico", image, port=str(drive))
        assert not (drive / "firmware.uf2").exists()


def test_image_for_another_chip(image: Path, tmp_path: Path) -> None:
    with (
        waiting(tmp_path / "drive", "pico2") as drive,
        pytest.raises(BoardError, match=r"for UF2 family 0xe48bff56, .*Pico 2 .* needs 0xe48bff59: nothing"),
    ):
        flash.flash("pico2", image, port=str(drive))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: b"", "no UF2 file: found an empty file"),
        (lambda data: data[:-1], "no multiple of 512"),
        (lambda data: data[:-512], "cut off: its last block is number 299 of 300"),
        (lambda data: data[:1024] + b"x" + data[1025:], "block 2 of 300 is damaged"),
    ],
)
def test_damaged_image(damage, message: str, tmp_path: Path) -> None:
    (tmp_path / "image.uf2").write_bytes(damage(uf2_for("pico")))
    with pytest.raises(BoardError, match=message):
        flash.flash("pico", tmp_path / "image.uf2", port=str(tmp_path))


def test_folder_that_is_no_drive(image: Path, tmp_path: Path) -> None:
    with pytest.raises(BoardError, match=r"no drive of a Pico: it has no INFO_UF2\.TXT"):
        flash.flash("pico", image, port=str(tmp_path))


def test_two_boards_that_wait(image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with waiting(tmp_path / "one") as one, waiting(tmp_path / "two") as two:
        monkeypatch.setattr(uf2_flash, "_mount_points", lambda: [one, two])
        with pytest.raises(BoardError, match=r"2 boards wait for firmware, .*--port: .*one, .*two"):
            flash.flash("pico", image)


def test_no_board_that_waits(image: Path, tmp_path: Path) -> None:
    with pytest.raises(BoardError, match=r"no Raspberry Pi Pico waits.*BOOTSEL.*picotool"):
        flash.flash("pico", image)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "RPI-RP2").touch()
    with pytest.raises(BoardError, match=r"not mounted: udisksctl mount -b .*RPI-RP2"):
        flash.flash("pico", image)


def picotool(tmp_path: Path, script: str) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "picotool").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "bin" / "picotool").chmod(0o755)


def test_picotool_where_no_drive_is_mounted(image: Path, tmp_path: Path) -> None:
    picotool(tmp_path, f'echo "$@" > {tmp_path}/called')
    flash.flash("pico", image)
    assert (tmp_path / "called").read_text() == f"load --verify --execute {image}\n"


def test_picotool_that_fails(image: Path, tmp_path: Path) -> None:
    picotool(tmp_path, "echo No accessible RP-series devices in BOOTSEL mode were found.; exit 249")
    with pytest.raises(
        ToolError, match=r"(?s)cannot flash the Raspberry Pi Pico: picotool .*249.*No accessible"
    ):
        flash.flash("pico", image)


def test_board_that_is_this_computer(image: Path) -> None:
    with pytest.raises(BoardError, match="unix needs no flashing"):
        flash.flash("unix", image)
