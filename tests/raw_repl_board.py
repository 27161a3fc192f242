"""A board in CPython: MicroPython's raw REPL on a TCP port, whose file system is a folder, and which can lose power."""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import multiprocessing
import os
import socket
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import convlet  # noqa: F401  what the board's code imports is there before the fork

BANNER = b"raw REPL; CTRL-B to exit\r\n>"
WINDOW = 128  # bytes of code that may be under way, as on the Pico


def run(code: bytes, names: dict) -> bytes:
    """What a board answers to code: its output and its error, each with an end mark."""
    output, error = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(output):
            exec(code, names)
    except OSError as caught:
        error = f"OSError: [Errno {caught.errno}] {errno.errorcode.get(caught.errno, '')}"
    except Exception as caught:
        error = traceback.format_exception_only(caught)[-1]
    return output.getvalue().encode() + b"\x04" + error.encode() + b"\x04>"


def read_pasted(client: socket.socket) -> bytes | None:
    """The code of raw-paste mode; None when the client goes away."""
    client.sendall(b"R\x01" + WINDOW.to_bytes(2, "little"))
    code, left = b"", WINDOW
    while byte := client.recv(1):
        if byte == b"\x04":
            client.sendall(b"\x04")
            return code
        if byte == b"\x03":
            return b"raise KeyboardInterrupt"
        code += byte
        left -= 1
        if left == 0:
            client.sendall(b"\x01")
            left = WINDOW
    return None


def serve(client: socket.socket, names: dict) -> None:
    """Talk with one client until it goes away. The names stay for the next one, as on a board."""
    pending = b""
    while byte := client.recv(1):
        if byte == b"\x01":
            client.sendall(BANNER)
        elif byte == b"\x04":  # nothing but mpremote's soft reset comes outside of raw-paste mode
            names.clear()
            client.sendall(b"OK\r\nMPY: soft reboot\r\n" + BANNER)
        else:
            pending = (pending + byte)[-2:]
            if pending == b"\x05A":
                client.recv(1)  # the rest of the request for raw-paste mode
                code = read_pasted(client)
                if code is None:
                    return
                client.sendall(run(code, names))


def lose_power_at(count: int) -> None:
    """End at operation number `count`, from 0."""
    left = count

    def counted(operation):
        def call(*arguments, **settings):
            nonlocal left
            if operation is not open or "w" in str(arguments[1:]):
                if left == 0:
                    os._exit(1)
                left -= 1
            return operation(*arguments, **settings)

        return call

    os.rename, os.remove = counted(os.rename), counted(os.remove)
    builtins.open = counted(open)


def forbid_renaming_over_a_file() -> None:
    rename = os.rename

    def as_on_fat(old, new):
        if Path(new).exists():
            raise OSError(errno.EEXIST, "exists")
        rename(old, new)

    os.rename = as_on_fat


def _power_on(server: socket.socket, folder: Path, die_at: int | None, is_fat: bool) -> None:
    os.chdir(folder)
    if is_fat:
        forbid_renaming_over_a_file()
    if die_at is not None:
        lose_power_at(die_at)
    names: dict = {}
    while True:
        client, _ = server.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client, contextlib.suppress(ConnectionError):
            serve(client, names)


@contextmanager
def board_with(folder: Path, *, die_at: int | None = None, is_fat: bool = False) -> Iterator[str]:
    """The port of a board whose file system is `folder`.

    `die_at`: it ends at this operation that changes its files, counted from 0, before that is done. `is_fat`: renaming
    over a file that exists fails.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = (server, folder, die_at, is_fat)
        process = multiprocessing.get_context("fork").Process(target=_power_on, args=arguments, daemon=True)
        process.start()
        port = server.getsockname()[1]
    try:
        yield f"socket://127.0.0.1:{port}"
    finally:
        process.kill()
        process.join()
