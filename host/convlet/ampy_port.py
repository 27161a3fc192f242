"""ampy's connection to a board, with those methods of mpremote's transport that `board.Board` calls."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mpremote.transport import TransportError

from convlet.errors import ToolError


class AmpyTransport:
    """Opens `port`, a serial port or pseudo-terminal, for itself alone. Raises TransportError as mpremote does."""

    def __init__(self, port: str, timeout: float) -> None:
        try:
            from ampy.pyboard import Pyboard
        except ImportError as error:
            raise ToolError("ampy is not installed: pip install 'convlet[boards]'") from error
        if "://" in port:
            raise TransportError("ampy opens serial ports and pseudo-terminals only")
        with _pyboard_errors():
            self._pyboard: Any = Pyboard(port)
        try:
            # ampy sets neither: without the first a board that hangs would hang us, without the second two programs
            # could talk to one board.
            self.serial.timeout = timeout
            self.serial.exclusive = True
        except OSError:
            self.close()
            raise

    @property
    def serial(self) -> Any:
        return self._pyboard.serial

    def enter_raw_repl(self, soft_reset: bool) -> None:
        """ampy resets the board softly in any case."""
        with _pyboard_errors():
            self._pyboard.enter_raw_repl()

    def exec_raw(
        self, code: str, timeout: float, data_consumer: Callable[[bytes], None]
    ) -> tuple[bytes, bytes]:
        with _pyboard_errors():
            return self._pyboard.exec_raw(code, timeout, data_consumer)

    def exit_raw_repl(self) -> None:
        self._pyboard.exit_raw_repl()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._pyboard.close()


@contextmanager
def _pyboard_errors() -> Iterator[None]:
    from ampy.pyboard import PyboardError

    try:
        yield
    except PyboardError as error:
        raise TransportError(str(error)) from error
