"""Counts the instructions of a program in QEMU by function, from the log of every one of them."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Sequence

from convlet.errors import ToolError


def trace(command: Sequence[str], begin: str, end: str) -> Counter[str]:
    """The instructions of each function from the first of function `begin` to the next of function `end`.

    `command` runs the emulator. Raises ToolError when it cannot be started, or never comes to these functions.
    """
    reading, writing = os.pipe()
    options = ["-singlestep", "-d", "exec,nochain", "-D", f"/dev/fd/{writing}"]
    try:
        process = subprocess.Popen(
            [*command, *options],
            pass_fds=[writing],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        os.close(reading)
        raise ToolError(f"the emulator {command[0]} is not installed") from error
    finally:
        os.close(writing)
    counts: Counter[str] = Counter()
    try:
        with os.fdopen(reading, "rb") as log:
            # A line is "Trace 0: ... [...] function", one for each instruction.
            names = (line.rsplit(b" ", 1)[-1].rstrip().decode() for line in log)
            for name in names:
                if name == begin:
                    counts[name] += 1
                    break
            for name in names:
                if name == end:
                    return counts
                counts[name] += 1
    finally:
        process.kill()
        process.wait()
    raise ToolError(f"{command[0]} did not log what it executes from {begin} to {end}")
