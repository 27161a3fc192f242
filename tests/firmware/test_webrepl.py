"""Deploying through MicroPython's own WebREPL, on the unix port."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from convlet.board import RemoteError, connect
from convlet.deploy import deploy
from convlet.errors import BoardError
from convlet.webrepl_port import PASSWORD_VARIABLE

if TYPE_CHECKING:
    from conftest import Digits

BOARD = Path(__file__).with_name("webrepl_board.py")
PASSWORD = "secret"


@pytest.fixture
def address(unix_micropython: Path, tmp_path: Path) -> Iterator[str]:
    """Of a board whose file system is `tmp_path`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [unix_micropython, BOARD, str(port), PASSWORD]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def test_deploy(address: str, digits: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    deploy(digits.cvl, f"ws://{address}")
    assert (tmp_path / "digits.cvl").read_bytes() == digits.cvl.read_bytes()
    assert deploy(digits.cvl, f"ws://{address}").sent_bytes == 0


def test_what_is_printed_and_raised(address: str) -> None:
    with connect(f"ws://:{PASSWORD}@{address}") as board:
        assert board.run("print('\u00e9' * 500)") == "\u00e9" * 500 + "\n"
        with pytest.raises(RemoteError, match="ZeroDivisionError"):
            board.run("1 / 0")
        assert board.run("print(6 * 7)") == "42\n"


def test_wrong_password(address: str) -> None:
    with (
        pytest.raises(BoardError, match=r"does not take the password: set CONVLET_WEBREPL_PASSWORD"),
        connect(f"ws://:wrong@{address}"),
    ):
        pass
