"""The emulated Pico's UARTs, each as a socket of this computer: what a serial adapter is to a real one."""

from __future__ import annotations

import socket
import threading
from collections import deque
from typing import Any

from rp2040py.peripherals.uart import UARTTXINTR

from convlet.emulate import WIRED

BITS = 10  # of a byte on the line: a start bit, the byte, a stop bit


class UartOnSocket:
    """UART `number` wired to a TCP port, for one client at a time: a device for rp2040py.

    Bytes reach the board one by one at the baud rate that it has set; what comes faster waits here.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self._waiting: deque[int] = deque()
        self._client: socket.socket | None = None
        self._server = socket.create_server(("127.0.0.1", 0))
        host, port = self._server.getsockname()
        print(f"{WIRED}{number}: socket://{host}:{port}", flush=True)

    def attach(self, rp2040: Any) -> None:
        self._board = rp2040
        self._uart = rp2040.uart[self.number]
        self._uart.on_byte = self._send
        self._uart.check_interrupts = self._check_interrupts
        self._alarm = rp2040.clock.create_alarm(self._deliver)
        self._is_busy = False
        threading.Thread(target=self._serve, daemon=True).start()

    def _check_interrupts(self) -> None:
        # rp2040py's own raises the sender's again when it was cleared, and MicroPython never leaves its handler.
        # In the chip (PL011) it comes when the FIFO has run empty: here when a byte was sent.
        self._board.set_interrupt(
            self._uart.irq, bool(self._uart._interrupt_status & self._uart._interrupt_mask)
        )

    def _serve(self) -> None:
        """In a thread of its own: nothing of the board is touched here."""
        while True:
            self._client, _ = self._server.accept()
            while data := self._receive():
                self._board.schedule_threadsafe(lambda data=data: self._take(data))

    def _receive(self) -> bytes:
        assert self._client is not None
        try:
            return self._client.recv(4096)
        except OSError:  # the client is gone
            return b""

    def _take(self, data: bytes) -> None:
        self._waiting.extend(data)
        if not self._is_busy:
            self._await_next()

    def _await_next(self) -> None:
        self._is_busy = True
        self._alarm.schedule(BITS * 1e9 / self._uart.baud_rate if self._uart.enabled else 1e6)

    def _deliver(self) -> None:
        self._is_busy = False
        if self._uart.enabled and self._waiting:  # before that the bytes wait, which a real line would lose
            self._uart.feed_byte(self._waiting.popleft())
        if self._waiting:
            self._await_next()

    def _send(self, value: int) -> None:
        self._uart._interrupt_status |= UARTTXINTR
        self._check_interrupts()
        if self._client:
            try:
                self._client.sendall(bytes([value]))
            except OSError:
                self._client = None
