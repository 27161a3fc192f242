"""A board's WebREPL, as mpremote's transport: the REPL of a board with a network, without a cable."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any
from urllib.parse import urlsplit

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from convlet.errors import ToolError

PASSWORD_VARIABLE = "CONVLET_WEBREPL_PASSWORD"
USUAL_PORT = 8266
_GREETING, _PROMPT = b"WebREPL connected", b"Password: "


class WebReplTransport(SerialTransport):
    """mpremote's protocol over `url`, ws://host or ws://host:port. Raises TransportError as mpremote does.

    The password comes from `$CONVLET_WEBREPL_PASSWORD`, or stands in the URL: ws://:password@host.
    """

    def __init__(self, url: str, timeout: float) -> None:
        self.device_name = url
        self.in_raw_repl = self.mounted = self.is_pty = False
        self.use_raw_paste = True
        self.serial = _WebSocket(url, timeout)
        try:
            self._log_in(urlsplit(url).password or os.environ.get(PASSWORD_VARIABLE, ""))
        except (TransportError, OSError):
            self.serial.close()
            raise

    def _log_in(self, password: str) -> None:
        if not self.read_until(1, _PROMPT).endswith(_PROMPT):
            raise TransportError("no WebREPL answers there: it would ask for a password")
        self.serial.write(password.encode() + b"\r")
        answer = b""
        with contextlib.suppress(OSError):  # a board that refuses hangs up
            answer = self.read_until(1, b"\n>>> ")
        if _GREETING not in answer:
            raise TransportError(f"the WebREPL does not take the password: set {PASSWORD_VARIABLE}")

    def close(self) -> None:
        self.serial.close()


class _WebSocket:
    """What mpremote calls of a serial port. The board speaks text frames; their bytes need not be UTF-8."""

    def __init__(self, url: str, timeout: float) -> None:
        try:
            from websockets.exceptions import WebSocketException
            from websockets.sync.client import connect
        except ImportError as error:
            raise ToolError("WebREPL needs the package websockets: pip install 'convlet[boards]'") from error
        self._closed: Any = WebSocketException
        self.timeout = timeout
        self._pending = b""
        address = urlsplit(url)
        target = f"ws://{address.hostname}:{address.port or USUAL_PORT}"
        try:
            opened = connect(target, open_timeout=timeout, compression=None, max_size=None)
            self._connection = opened.__enter__()  # what `close` ends
        except WebSocketException as error:
            raise TransportError(str(error)) from error

    def write(self, data: bytes) -> int:
        try:
            self._connection.send(data, text=True)
        except self._closed as error:
            raise OSError(f"the WebREPL closed the connection: {error}") from error
        return len(data)

    def read(self, size: int = 1) -> bytes:
        deadline = time.monotonic() + self.timeout
        while len(self._pending) < size and (left := deadline - time.monotonic()) > 0:
            self._receive(left)
        data, self._pending = self._pending[:size], self._pending[size:]
        return data

    def inWaiting(self) -> int:
        self._receive(0)
        return len(self._pending)

    def close(self) -> None:
        self._connection.close()

    def _receive(self, seconds: float) -> None:
        try:
            self._pending += self._connection.recv(timeout=seconds, decode=False)
        except TimeoutError:
            pass
        except self._closed as error:
            raise OSError(f"the WebREPL closed the connection: {error}") from error
