"""Files on a board and the board that is found by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from convlet import board as board_module
from convlet.board import BLOCK_BYTES, connect
from convlet.errors import BoardError
from raw_repl_board import board_with


@pytest.mark.parametrize("change", [lambda data: data + b"more", lambda data: data[:-4] + b"less"])
def test_only_changed_blocks_are_sent(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    old = bytes(range(256)) * (5 * BLOCK_BYTES // 256)
    new = bytearray(change(old))
    new[2 * BLOCK_BYTES] ^= 1
    with board_with(tmp_path) as port, connect(port) as board:
        (tmp_path / "old").write_bytes(old)
        seen: list[int] = []
        known = board.block_digests("old")
        sent = board.write_file("new", bytes(new), seen.append, base="old", base_blocks=known)
        assert (tmp_path / "new").read_bytes() == new
    assert sent == BLOCK_BYTES + (4 if len(new) > len(old) else BLOCK_BYTES)
    assert sum(seen) == len(new)


def test_digests_of_no_file_and_of_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with board_with(tmp_path) as port, connect(port) as board:
        assert board.block_digests("none") == board.block_digests("empty") == []


def attach(monkeypatch: pytest.MonkeyPatch, *ports: tuple[str, int | None]) -> None:
    found = [
        SimpleNamespace(device=device, vid=vid, description=f"board {device[-1]}") for device, vid in ports
    ]
    monkeypatch.setattr(board_module._serial_ports, "comports", lambda: found)


def test_the_one_board_on_usb_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    attach(monkeypatch, ("/dev/ttyS0", None), ("/dev/ttyACM0", 0x2E8A))
    assert board_module.attached_port() == "/dev/ttyACM0"


def test_no_board_or_several(monkeypatch: pytest.MonkeyPatch) -> None:
    attach(monkeypatch, ("/dev/ttyS0", None))
    with pytest.raises(BoardError, match=r"no board is attached over USB.*--port"):
        board_module.attached_port()
    attach(monkeypatch, ("/dev/ttyACM1", 0x2E8A), ("/dev/ttyACM0", 0x303A))
    with pytest.raises(
        BoardError, match=r"(?s)2 boards .*--port:\n  /dev/ttyACM0  board 0\n  /dev/ttyACM1  board 1"
    ):
        board_module.attached_port()
