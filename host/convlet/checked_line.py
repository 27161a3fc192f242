"""Bytes as lines of text that show when they arrive damaged, `LENGTH CRC32 BASE64`, to and from a script on a board.

Text, since a serial port of MicroPython takes byte 3 for Ctrl-C and may change line ends; lines, since after any damage
the next one is whole again. device/serial_classify.py and device/capture.py speak it.
"""

from __future__ import annotations

import base64
import binascii
import time
import zlib
from typing import Protocol

from convlet.errors import BoardError

NUDGE_SECONDS = 2  # of silence, after which the board may wait for the end of a line that was lost
SILENT_SECONDS = 60  # a big model on a slow board says nothing for as long
QUIET_SECONDS = 0.3  # without a character: nothing more comes
LONGEST_LINE = 100_000  # no board sends more without an end
SCRIPT_ENDED = b"\x04"  # what the REPL says then


class DamagedLine(ValueError):
    """The line is none of ours, or lost or changed characters on its way."""


def pack(data: bytes) -> bytes:
    """The line that carries `data`, with its end."""
    return b"%d %08x %s\n" % (len(data), zlib.crc32(data), base64.b64encode(data))


def unpack(line: bytes) -> bytes:
    """The bytes that a line carries. Raises DamagedLine."""
    try:
        length, crc, text = line.strip().split(b" ")
        data = base64.b64decode(text, validate=True)
        if len(data) == int(length) and zlib.crc32(data) == int(crc, 16):
            return data
    except (ValueError, binascii.Error):
        pass
    raise DamagedLine(f"a line arrived damaged: {line[:60]!r}")


class Port(Protocol):
    """A serial port. `read` gives what has come, at least a byte, or nothing after `timeout` seconds."""

    timeout: float | None

    def read(self, size: int) -> bytes: ...
    def write(self, data: bytes) -> int | None: ...


class CheckedLine:
    """The line to a script on a board that ignores empty lines."""

    def __init__(self, port: Port, silent_seconds: float = SILENT_SECONDS) -> None:
        self.port = port
        self.silent_seconds = silent_seconds
        self._received = b""

    def receive(self) -> bytes:
        """What the next line carries. Raises DamagedLine; BoardError when nothing comes or the script has ended."""
        return unpack(self._read_line())

    def wait_until_quiet(self) -> None:
        """Drop what still comes, so that the next line belongs to what is sent next. Raises BoardError."""
        self._received = b""
        self.port.write(b"\n")
        self.port.timeout = QUIET_SECONDS
        deadline = time.monotonic() + self.silent_seconds
        while self.port.read(1):
            if time.monotonic() > deadline:
                raise BoardError("the board talks without a pause: does another program run there?")

    def _read_line(self) -> bytes:
        """The next line that is not empty."""
        deadline = time.monotonic() + self.silent_seconds
        self.port.timeout = NUDGE_SECONDS
        while b"\n" not in self._received:
            more = self.port.read(1)
            if more:
                self._received = (self._received + more).lstrip(b"\r\n")
            elif self._received:
                raise DamagedLine(f"a line has no end: {self._received[:60]!r}")
            elif time.monotonic() < deadline:
                self.port.write(b"\n")  # says nothing, but ends a line that lost its end
            else:
                raise BoardError(
                    f"the board has not answered for {self.silent_seconds:g} s: does the script run there, "
                    "and at this baud rate?"
                )
            if SCRIPT_ENDED in self._received:
                raise BoardError(f"the script on the board ended: {self._last_words()}")
            if len(self._received) > LONGEST_LINE:
                raise BoardError(f"what comes from the board has no end of a line: {self._received[:60]!r}")
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _last_words(self) -> str:
        """The last line of the traceback that the REPL prints."""
        self.port.timeout = QUIET_SECONDS
        text = self._received
        while more := self.port.read(1):
            text += more
        lines = text.replace(SCRIPT_ENDED, b"\n").decode(errors="replace").strip("> \r\n").splitlines()
        return lines[-1] if lines else "without an error"
