"""Flashing the ESP32 family, against a mock of the boot loader in ROM."""

from __future__ import annotations

import os
import random
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import esptool.cmds
import pytest
from convlet import esp32_flash
from convlet.boards import BOARDS, Board, find
from convlet.errors import BoardError
from convlet.progress import Advance, Progress
from esp32_mock_bootloader.server import BootloaderConnection, FlashImage, PtyMasterTransport, handle_client
from esptool.targets import CHIP_DEFS

APPLICATION_AT = 0x10000
CODE = random.Random(5).randbytes(25_000)
ESP32_BOARDS = [board for board in BOARDS.values() if board.esp_chip]


def header(board: Board) -> bytes:
    """Of an application or boot loader: 24 bytes, no segments, and noise in place of code."""
    chip = CHIP_DEFS[board.esp_chip]
    fields = struct.pack("<BBBBI8xH", 0xE9, 0, 0, 0, 0x40080000, 0)[:12] + struct.pack(
        "<H", chip.IMAGE_CHIP_ID
    )
    return fields.ljust(24, b"\0") + CODE


def firmware_for(board: Board, application: Board | None = None) -> bytes:
    """What MicroPython's makeimg.py makes: boot loader, partition table, application."""
    offset = CHIP_DEFS[board.esp_chip].BOOTLOADER_FLASH_OFFSET
    table = b"".join(
        struct.pack("<HBBII16sI", 0x50AA, kind, 0, start, 0x6000, name, 0)
        for kind, start, name in ((1, 0x9000, b"nvs"), (0, APPLICATION_AT, b"factory"))
    )
    image = header(board).ljust(esp32_flash.PARTITION_TABLE - offset, b"\xff") + table
    return image.ljust(APPLICATION_AT - offset, b"\xff") + header(application or board)


class Steps(Progress):
    def __init__(self) -> None:
        self.shares: list[float] = []

    @contextmanager
    def bar(self, text: str, total: float) -> Iterator[Advance]:
        yield self.shares.append


class Damaging(FlashImage):
    """Flash of which one byte does not hold what is written."""

    def write_defl_block(self, payload: bytes) -> None:
        super().write_defl_block(payload)
        self.data[APPLICATION_AT + 100] = 0


class Torn(FlashImage):
    """Flash whose board is unplugged at the first block."""

    def write_defl_block(self, payload: bytes) -> None:
        raise ConnectionError


@contextmanager
def chip(name: str, flash: FlashImage) -> Iterator[str]:
    """The port of a chip that waits in its boot loader for one client."""

    def serve() -> None:
        client, _ = server.accept()
        with client:
            try:
                handle_client(BootloaderConnection(sock=client), stop, name, flash=flash)
            except ConnectionError:
                server.close()

    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"
    stop.set()


@contextmanager
def chip_on_a_terminal(name: str, flash: FlashImage) -> Iterator[str]:
    """The same on a pseudo-terminal, which is opened as serial ports are."""
    terminal, stop = PtyMasterTransport.create(), threading.Event()
    arguments = (BootloaderConnection(pty=terminal), stop, name)
    thread = threading.Thread(target=handle_client, args=arguments, kwargs={"flash": flash})
    thread.start()
    yield terminal.client_path
    stop.set()
    thread.join()
    terminal.close()


@pytest.fixture(autouse=True)
def soon_tired(monkeypatch: pytest.MonkeyPatch) -> None:
    """One attempt to connect again, not seven of a second each."""
    monkeypatch.setattr(esptool.cmds, "DEFAULT_CONNECT_ATTEMPTS", 1)


@pytest.mark.parametrize("board", ESP32_BOARDS, ids=lambda board: board.name)
def test_firmware_lies_where_the_chip_starts_it(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    flash, steps, data = FlashImage(), Steps(), firmware_for(board)
    model = b"a model in the file system"
    flash.data[0x200000 : 0x200000 + len(model)] = model
    with chip(board.name, flash) as port:
        esp32_flash.flash(board, data, port, steps)
    offset = CHIP_DEFS[board.esp_chip].BOOTLOADER_FLASH_OFFSET
    assert flash.data[offset : offset + len(data)] == data
    assert flash.data[0x200000 : 0x200000 + len(model)] == model
    assert len(steps.shares) > 1
    assert sum(steps.shares) == pytest.approx(1)
    assert capsys.readouterr().out == ""


def test_serial_port() -> None:
    flash, board = FlashImage(), find("esp32")
    with chip_on_a_terminal("esp32", flash) as port:
        esp32_flash.flash(board, firmware_for(board), port)
    assert flash.data[0x1000 : 0x1000 + len(firmware_for(board))] == firmware_for(board)


@pytest.mark.parametrize("board", [board.name for board in ESP32_BOARDS])
def test_firmware_for_another_chip_is_refused(board: str) -> None:
    other = find("esp32c6" if board == "esp32c3" else "esp32c3")
    with pytest.raises(
        BoardError, match=r"boot loader .* is for the ESP32-C\d, not the .*nothing was written"
    ):
        esp32_flash.flash(find(board), firmware_for(other).ljust(80_000), "socket://127.0.0.1:9")


def test_application_for_another_chip_is_refused() -> None:
    mixed = firmware_for(find("esp32s3"), application=find("esp32s2"))
    with pytest.raises(
        BoardError, match=r"application in the firmware is for the ESP32-S2, not the ESP32-S3"
    ):
        esp32_flash.flash(find("esp32s3"), mixed, "socket://127.0.0.1:9")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no boot loader at byte 0x0"),
        (b"\xe9" + bytes(40_000), r"no partition table at byte 0x7000"),
        (firmware_for(find("esp32"))[:0x8000], "no application at byte 0xf000"),
        (bytes(100_000), "no boot loader at byte 0x0"),
    ],
)
def test_file_that_is_no_firmware(data: bytes, message: str) -> None:
    with pytest.raises(BoardError, match=message):
        esp32_flash.flash(find("esp32"), data, "socket://127.0.0.1:9")


def test_board_with_another_chip_is_left_alone() -> None:
    flash = FlashImage()
    with (
        chip("esp32c3", flash) as port,
        pytest.raises(BoardError, match=r"is an ESP32-C3, not the ESP32-S3 .* nothing was written"),
    ):
        esp32_flash.flash(find("esp32s3"), firmware_for(find("esp32s3")), port)
    assert set(flash.data) == {0xFF}


def test_firmware_that_is_longer_than_the_flash() -> None:
    flash, board = FlashImage(), find("esp32c3")
    with (
        chip("esp32c3", flash) as port,
        pytest.raises(BoardError, match=r"5,000,000 bytes does not fit the flash of 4,194,304 bytes"),
    ):
        esp32_flash.flash(board, firmware_for(board).ljust(5_000_000, b"\xff"), port)
    assert set(flash.data) == {0xFF}


def test_flash_that_does_not_hold_what_is_written() -> None:
    board = find("esp32s3")
    with chip("esp32s3", Damaging()) as port, pytest.raises(BoardError, match=r"not whole \(MD5 of file"):
        esp32_flash.flash(board, firmware_for(board), port)


def test_connection_that_is_torn() -> None:
    board = find("esp32c6")
    with (
        chip("esp32c6", Torn()) as port,
        pytest.raises(BoardError, match=r"not whole .*hold BOOT, press RESET"),
    ):
        esp32_flash.flash(board, firmware_for(board), port)


@pytest.mark.parametrize("port", ["socket://127.0.0.1:9", "/dev/ttyUSB77", "http://board"])
def test_nothing_at_the_port(port: str) -> None:
    board = find("esp32")
    with pytest.raises(BoardError, match=r"failed before anything was written"):
        esp32_flash.flash(board, firmware_for(board), port)


def test_command_shows_progress(tmp_path: Path) -> None:
    image, flash = tmp_path / "firmware.bin", FlashImage()
    image.write_bytes(firmware_for(find("esp32c3")))
    with chip("esp32c3", flash) as port:
        command = [
            sys.executable,
            "-m",
            "convlet.cli",
            "firmware",
            "flash",
            "--board",
            "esp32c3",
            "--port",
            port,
        ]
        environment = {**os.environ, "COLUMNS": "100"}
        done = subprocess.run([*command, "--image", image], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "verified by MD5" in done.stdout
    assert "the ESP32-C3 runs firmware.bin; next: convlet deploy" in done.stdout
