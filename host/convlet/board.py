"""A MicroPython board at the end of a serial port, pty or socket, driven through mpremote's or ampy's library."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import re
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport
from serial.tools import list_ports

from convlet.errors import BoardError
from convlet.file_kinds import read_script

REPLY_SECONDS = 10  # between two characters of an answer
INTERRUPT_SECONDS = 3  # from Ctrl-C to the prompt
CHUNK_BYTES = 768  # raw data in one command: its base64 text and the parser's copy fit in any board's RAM
BLOCK_BYTES = 4096  # by which two versions of a file are compared
WAYS = ("mpremote", "ampy")  # whose library carries the bytes
PORT_HELP = (
    "Such as /dev/ttyACM0, COM3, ws://192.168.4.1 (WebREPL), socket://HOST:NUMBER; else the one board on USB."
)

_open_port: Any = SerialTransport  # mpremote has no type annotations
_serial_ports: Any = list_ports
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
_HASH_BLOCKS = """
from hashlib import sha256 as _s
from binascii import hexlify as _x
_b = bytearray(512)
with open({name!r}, "rb") as _f:
    while True:
        _h = _s()
        _t = 0
        while _t < {block}:
            _n = _f.readinto(_b)
            if not _n:
                break
            _h.update(memoryview(_b)[:_n])
            _t += _n
        if _t:
            print(_x(_h.digest()).decode())
        if _t < {block}:
            break
"""
_COPY_PART = """
_o.seek({start})
for _i in range({start}, {end}, 512):
    _b = _o.read(min(512, {end} - _i))
    assert _f.write(_b) == len(_b)
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
        self,
        code: str,
        seconds: float | None = REPLY_SECONDS,
        on_output: Callable[[bytes], None] | None = None,
    ) -> str:
        """Run `code` and return what it printed; `on_output` sees each byte of that as it comes.

        `seconds` is how long the board may stay silent, None for ever. Raises RemoteError for an exception there.
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
        self,
        path: Path,
        seconds: float | None = REPLY_SECONDS,
        on_output: Callable[[bytes], None] | None = None,
    ) -> str:
        """Run a script of the host on the board, as `mpremote run` does. Raises ConvletError when it cannot be read."""
        return self.run(read_script(path), seconds, on_output)

    def start_boot_loader(self) -> None:
        """Let the board restart in its boot loader: the connection is lost by that."""
        with _board_errors():
            self.transport.exec_raw_no_follow(
                "import time, machine\ntime.sleep_ms(100)\nmachine.bootloader()"
            )

    def write_file(
        self,
        name: str,
        data: bytes,
        on_progress: Callable[[int], None] = lambda count: None,
        *,
        base: str = "",
        base_blocks: list[str] | None = None,
    ) -> int:
        """Write `data` to a file on the board; `on_progress` gets the bytes of each step.

        Blocks that it has in common with the board's file `base`, whose `block_digests` are `base_blocks`, are copied
        there. Returns how many bytes were sent. After an error files are open, and hold a part: `recover` closes them.
        """
        self.run(f"from binascii import a2b_base64 as _d\n_f = open({name!r}, 'wb')")
        if base_blocks:
            self.run(f"_o = open({base!r}, 'rb')")
        sent = 0
        for is_known, start, end in _runs(_is_known(data, base_blocks or []), len(data)):
            if is_known:
                self.run(_COPY_PART.format(start=start, end=end))
                on_progress(end - start)
            else:
                part = data[start:end]
                self._send(part, lambda text, count: f"assert _f.write(_d('{text}')) == {count}", on_progress)
                sent += end - start
        self.run("_f.close()" + ("\n_o.close()" if base_blocks else ""))
        return sent

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

    def check_file(self, name: str, data: bytes) -> None:
        """Raises BoardError unless the file on the board holds `data`, by its SHA-256."""
        found, expected = self.sha256(name), hashlib.sha256(data).hexdigest()
        if found != expected:
            raise BoardError(f"the file arrived damaged: SHA-256 {found} on the board, {expected} here")

    def block_digests(self, name: str) -> list[str]:
        """The SHA-256 of each BLOCK_BYTES of a file on the board; none when the file is empty or not there."""
        try:
            return self.run(_HASH_BLOCKS.format(name=name, block=BLOCK_BYTES)).split()
        except RemoteError as error:
            if "ENOENT" in error.message:
                return []
            raise

    def remove(self, name: str) -> None:
        """Remove a file from the board. Raises RemoteError when it is not there."""
        self.run(f"import os\nos.remove({name!r})")

    def recover(self) -> None:
        """Come back to a fresh prompt, with the file of an interrupted `write_file` closed."""
        with _board_errors():
            self.transport.serial.write(b"\x03\x03")
            _enter_raw_repl(self.transport, soft_reset=False)
        self.run("for _n in ('_f', '_o'):\n if _n in globals():\n  globals()[_n].close()")

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


def digests(data: bytes) -> list[str]:
    """What `Board.block_digests` gives for a file that holds `data`."""
    return [
        hashlib.sha256(data[start : start + BLOCK_BYTES]).hexdigest()
        for start in range(0, len(data), BLOCK_BYTES)
    ]


def _is_known(data: bytes, base_blocks: list[str]) -> list[bool]:
    """For each block of `data` whether the board's file has the same at that place."""
    return [base_blocks[i : i + 1] == [digest] for i, digest in enumerate(digests(data))]


def _runs(flags: Sequence[bool], size: int) -> Iterator[tuple[bool, int, int]]:
    """Neighbouring blocks of one kind as (kind, first byte, end)."""
    start = 0
    for kind, group in itertools.groupby(flags):
        end = min(size, start + BLOCK_BYTES * len(list(group)))
        yield kind, start, end
        start = end


def attached_port() -> str:
    """The port of the one board that is attached over USB, from the list that `mpremote connect list` shows.

    Raises BoardError when there is none, and naming them when there are several.
    """
    found = [port for port in _serial_ports.comports() if port.vid is not None]
    if not found:
        raise BoardError("no board is attached over USB: attach one, or name its port with --port")
    if len(found) > 1:
        lines = "".join(sorted(f"\n  {port.device}  {port.description}" for port in found))
        raise BoardError(f"{len(found)} boards are attached, choose one with --port:{lines}")
    return str(found[0].device)


@contextmanager
def connect(port: str, *, soft_reset: bool = True, via: str = "mpremote") -> Iterator[Board]:
    """Open `port` and take over the board's REPL: /dev/ttyACM0, COM3, socket://host:number, ws://host (WebREPL).

    `soft_reset` starts with an empty heap and no program running; a WebREPL would not survive it and goes without.
    `via` is one of WAYS. Raises BoardError when nothing answers, and ToolError when a package is missing.

    >>> from convlet import emulate, firmware
    >>> with emulate.pico(firmware.build("pico").image) as running, connect(running.port) as board:
    ...     board.run("import sys; print(sys.platform)").strip()
    'rp2'
    """
    hint = "" if "://" in port else "; is another program using it?"
    with _board_errors(f"cannot open {without_password(port)}{hint}"):
        transport: Any = _open(port, via)
    try:
        with _board_errors(
            f"no MicroPython answers at {without_password(port)}; is another program using it?"
        ):
            _enter_raw_repl(transport, soft_reset and not port.startswith("ws://"))
        yield Board(transport)
        with _board_errors():
            transport.exit_raw_repl()
    finally:
        with contextlib.suppress(OSError):  # the port may be gone already
            transport.close()


def without_password(port: str) -> str:
    """A port as it may be shown.

    >>> without_password("ws://:s/cr@t@192.168.4.1"), without_password("/dev/ttyACM0")
    ('ws://192.168.4.1', '/dev/ttyACM0')
    """
    return re.sub(r"^ws://.*@", "ws://", port)


def _send_at_once(serial_port: Any) -> None:
    """A socket must not wait for more to send: our messages are short, and each is awaited."""
    if hasattr(serial_port, "_socket"):
        serial_port._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _open(port: str, via: str) -> Any:
    opener = _open_port
    if via == "ampy":
        from convlet.ampy_port import AmpyTransport as opener
    elif port.startswith("ws://"):
        from convlet.webrepl_port import WebReplTransport as opener
    try:
        transport = opener(port, timeout=REPLY_SECONDS)
    except ValueError as error:  # how pyserial refuses an address that it does not understand
        raise TransportError(str(error)) from error
    _send_at_once(transport.serial)
    return transport


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
