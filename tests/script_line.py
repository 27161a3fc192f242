"""A script of device/ on this computer, with its standard input and output as the serial line to it."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class ScriptLine:
    """What pyserial gives. `on_the_way` changes what is sent, as a bad cable does."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.timeout: float | None = None
        self.process = process
        self.on_the_way: Callable[[bytes], bytes] = lambda data: data
        self.on_the_way_back: Callable[[bytes], bytes] = lambda data: data

    def read(self, size: int) -> bytes:
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], self.timeout)[0]:
            return b""
        return self.on_the_way_back(os.read(self.process.stdout.fileno(), size))

    def write(self, data: bytes) -> int:
        assert self.process.stdin is not None
        os.write(self.process.stdin.fileno(), self.on_the_way(data))
        return len(data)


@contextmanager
def running(command: Sequence[str | Path]) -> Iterator[ScriptLine]:
    """The script must end by itself, without an error, when its line is closed."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield ScriptLine(process)
        process.communicate(timeout=120)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()
