"""A MicroPython board at the end of a serial port, pty or socket, driven through mpremote's transport."""

from __future__ import annotations

import contextlib
import io
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from convlet.errors import BoardError

REPLY_SECONDS = 10  # between two characters of an answer
INTERRUPT_SECONDS = 3  # from Ctrl-C to the prompt
CHUNK_BYTES = 768  # raw data in one command: its base64 text and the parser's copy fit in any board's RAM

_open_port: Any = SerialTransport  # mpremote has no type annotations
_HASH_FILE = """
from hashlib import sha256 as _h
from binascii import hexlify as _x
_h = _h()
_b = bytearray(512)
with open({name!r}, "rb") as _f:
    while True:
        _n = _f.readinto(_b)
        if not _n:
            break
        _h.update(memoryview(_b)[:_n])
print(_x(_h.digest()).decode())
"""


class RemoteError(BoardError):
    """A Python exception on the board: `kind` is its class, `message` its text."""

    def __init__(self, traceback: str) -> None:
        self.traceback = traceback
        self.last_line = traceback.strip().splitlines()[-1] if traceback.strip() else "unknown exception"
        self.kind, _, self.message = (part.strip() for part in self.last_line.partition(":"))
        super().__init__(self.last_line)


class ConnectionLost(BoardError):
    """The board stopped answering: unplugged, reset or hung."""


class Board:
    """A board whose raw REPL is open. Made by `connect`."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport

    def run(
        self, code: str, seconds: float = REPLY_SECONDS, on_output: Callable[[bytes], None] | None = None
    ) -> str:
        """Run `code` and return what it printed; `on_output` sees each byte of that as it comes.

        `seconds` is how long the board may stay silent. Raises RemoteError for an exception on the board.
        """
        shown = bytearray()

        def consume(data: bytes) -> None:
            data = data.replace(b"\x04", b"")
            shown.extend(data)
            if on_output and data:
                on_output(data)

        with _board_errors():
            _, error = self.transport.exec_raw(code, timeout=seconds, data_consumer=consume)
        if error:
            raise RemoteError(error.decode(errors="replace"))
        return shown.decode(errors="replace").replace("\r\n", "\n")

    def run_file(
        self, path: Path, seconds: float = REPLY_SECONDS, on_output: Callable[[bytes], None] | None = None
    ) -> str:
        """Run a script of the host on the board, as `mpremote run` does."""
        return self.run(Path(path).read_text(), seconds, on_output)

    def write_file(
        self, name: str, data: bytes, on_progress: Callable[[int], None] = lambda count: None
    ) -> None:
        """Write `data` to a file on the board; `on_progress` gets the bytes of each step.

        After an error the file is open, and holds a part: `recover` closes it.
        """
        self.run(f"from binascii import a2b_base64 as _d\n_f = open({name!r}, 'wb')")
        self._send(data, lambda text, count: f"assert _f.write(_d('{text}')) == {count}", on_progress)
        self.run("_f.close()")

    def set_bytes(
        self, name: str, data: bytes, on_progress: Callable[[int], None] = lambda count: None
    ) -> None:
        """Give the global variable `name` of the board the value `data`, a bytearray."""
        self.run(f"from binascii import a2b_base64 as _d\n{name} = bytearray({len(data)})\n_i = 0")
        template = f"{name}[_i:_i + %d] = _d('%s'); _i += %d"
        self._send(data, lambda text, count: template % (count, text, count), on_progress)

    def sha256(self, name: str) -> str:
        """The digest of a file on the board, computed there, in hexadecimal."""
        return self.run(_HASH_FILE.format(name=name)).strip()

    def remove(self, name: str) -> None:
        """Remove a file from the board. Raises RemoteError when it is not there."""
        self.run(f"import os\nos.remove({name!r})")

    def recover(self) -> None:
        """Come back to a fresh prompt, with the file of an interrupted `write_file` closed."""
        with _board_errors():
            self.transport.serial.write(b"\x03\x03")
            _enter_raw_repl(self.transport, soft_reset=False)
        self.run("try:\n _f.close()\nexcept Exception: pass")

    @contextmanager
    def talk(self, code: str) -> Iterator[Any]:
        """Start `code` and yield the open serial port to what it reads and prints; the block must let it end.

        An exception in the block interrupts the code. Raises RemoteError for an exception of the code.
        """
        with _board_errors():
            self.transport.exec_raw_no_follow(code)
            try:
                yield self.transport.serial
            except BaseException:
                self._interrupt()
                raise
            _, error = self.transport.follow(timeout=REPLY_SECONDS)
        if error:
            raise RemoteError(error.decode(errors="replace"))

    def _interrupt(self) -> None:
        """End what runs, and wait for that: else it could read what is meant for the REPL."""
        with contextlib.suppress(TransportError, OSError):  # it has ended already, or the port is gone
            self.transport.serial.write(b"\x03")
            self.transport.follow(timeout=INTERRUPT_SECONDS)

    def _send(
        self, data: bytes, command: Callable[[str, int], str], on_progress: Callable[[int], None]
    ) -> None:
        for start in range(0, len(data), CHUNK_BYTES):
            chunk = data[start : start + CHUNK_BYTES]
            self.run(command(b64encode(chunk).decode(), len(chunk)))
            on_progress(len(chunk))


@contextmanager
def connect(port: str, *, soft_reset: bool = True) -> Iterator[Board]:
    """Open `port` (/dev/ttyACM0, COM3, socket://host:number, /dev/pts/3) and take over the board's REPL.

    `soft_reset` starts with an empty heap and no program running. Raises BoardError when nothing answers.
    """
    with _board_errors(f"cannot open {port}"):
        transport: Any = _open_port(port, timeout=REPLY_SECONDS)
    try:
        with _board_errors(f"no MicroPython answers at {port}"):
            _enter_raw_repl(transport, soft_reset)
        yield Board(transport)
        with _board_errors():
            transport.exit_raw_repl()
    finally:
        with contextlib.suppress(OSError):  # the port may be gone already
            transport.close()


def _enter_raw_repl(transport: Any, soft_reset: bool) -> None:
    with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it read when it fails
        transport.enter_raw_repl(soft_reset=soft_reset)


@contextmanager
def _board_errors(what: str = "") -> Iterator[None]:
    """Errors of mpremote and pyserial as BoardError."""
    try:
        yield
    except (TransportError, OSError, EOFError) as error:
        if what:
            raise BoardError(f"{what}: {error}") from error
        raise ConnectionLost(f"the connection to the board was lost: {error}") from error
