"""Deploying through a WebREPL: a WebSocket server that asks for the password as MicroPython's does, before a board."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from convlet import romfs
from convlet.board import connect
from convlet.deploy import deploy
from convlet.errors import BoardError
from convlet.rom_deploy import deploy_to_rom
from convlet.webrepl_port import PASSWORD_VARIABLE
from raw_repl_board import board_with
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

MODEL = Path(__file__).parents[1] / "vectors" / "digits_like.cvl"
PASSWORD = "secret"


def webrepl(client: ServerConnection, board: str) -> None:
    """One session, as MicroPython's modwebrepl.c holds it."""
    client.send("Password: ")
    line = b""
    while not line.endswith(b"\r"):
        line += client.recv(decode=False)
    if line != PASSWORD.encode() + b"\r":
        client.send("\r\nAccess denied\r\n")
        return
    client.send("\r\nWebREPL connected\r\n>>> ")
    host, number = board.removeprefix("socket://").split(":")
    with socket.create_connection((host, int(number))) as behind:
        threading.Thread(target=to_client, args=(behind, client), daemon=True).start()
        with contextlib.suppress(ConnectionClosed):
            while True:
                behind.sendall(client.recv(decode=False))
        behind.shutdown(socket.SHUT_RDWR)  # the other thread still reads from it


def to_client(behind: socket.socket, client: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed, OSError):
        while data := behind.recv(100):
            client.send(data, text=True)


@contextmanager
def webrepl_of(folder: Path, rom: Path | None = None) -> Iterator[str]:
    with (
        board_with(folder, rom=rom) as board,
        serve(lambda client: webrepl(client, board), "127.0.0.1", 0, compression=None) as server,
    ):
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def test_deploy_through_webrepl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    with webrepl_of(tmp_path) as address:
        deploy(MODEL, f"ws://{address}", name="m.cvl")
        assert (tmp_path / "m.cvl").read_bytes() == MODEL.read_bytes()
        assert deploy(MODEL, f"ws://{address}", name="m.cvl").sent_bytes == 0


def test_deploy_to_romfs_through_webrepl(tmp_path: Path) -> None:
    rom, folder = tmp_path / "flash", tmp_path / "files"
    rom.write_bytes(b"\xff" * 8192)
    folder.mkdir()
    with webrepl_of(folder, rom) as address:
        port = f"ws://:{PASSWORD}@{address}"
        assert deploy_to_rom(MODEL, port, name="m.cvl").name == "/rom/m.cvl"
        assert deploy_to_rom(MODEL, port, name="m.cvl").sent_bytes == 0
    assert romfs.files_in(rom.read_bytes()) == {"m.cvl": MODEL.read_bytes()}


def test_password_in_the_address(tmp_path: Path) -> None:
    with webrepl_of(tmp_path) as address, connect(f"ws://:{PASSWORD}@{address}") as board:
        assert board.run("print('é' * 200)") == "é" * 200 + "\n"


def test_wrong_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    with (
        webrepl_of(tmp_path) as address,
        pytest.raises(
            BoardError, match=r"cannot open ws://.*does not take the password: set CONVLET_WEBREPL"
        ),
        connect(f"ws://{address}"),
    ):
        pass


def test_nothing_there() -> None:
    with pytest.raises(BoardError, match="cannot open ws://127"), connect("ws://127.0.0.1:9"):
        pass


def test_something_else_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            client, _ = server.accept()
            client.recv(1000)
            client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            client.close()

        threading.Thread(target=refuse, daemon=True).start()
        port = server.getsockname()[1]
        with pytest.raises(BoardError, match=r"cannot open ws://127.*404"), connect(f"ws://127.0.0.1:{port}"):
            pass
