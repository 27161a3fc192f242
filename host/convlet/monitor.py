"""Follows what a script on a board classifies, from the lines that it prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from convlet.board import connect
from convlet.file_kinds import read_script

_PERCENT = re.compile(r"(.*?)[\s(]*(\d+(?:\.\d+)?) ?%")


@dataclass(frozen=True)
class Reading:
    """A line of a script: `label` and `percent` where it tells a class and how sure the model is."""

    line: str
    label: str | None = None
    percent: float = 0.0


def read_line(line: str) -> Reading:
    """What a line such as "6.5 s  Walking  99 %", "frame 3: cat (87.5 %)" or "7 is a 7  99.6 %  1723 us" says.

    The label is what stands before the percentage, from the last column or colon on.

    >>> read_line("6.5 s  Walking  99 %")
    Reading(line='6.5 s  Walking  99 %', label='Walking', percent=99.0)
    """
    found = _PERCENT.match(line)
    label = re.split(r"\s{2,}|: ", found.group(1).strip())[-1] if found else ""
    if not found or not label:
        return Reading(line)
    return Reading(line, label, min(100.0, float(found.group(2))))


def follow(port: str, script: Path, show: Callable[[Reading], None], *, via: str = "mpremote") -> bool:
    """Run `script` on the board and hand each of its lines to `show`, until it ends or Ctrl-C stops it.

    Returns True when the script came to its end. However that was, the board is at its prompt then. Raises BoardError,
    RemoteError when the script fails, ConvletError when it cannot be read.

    >>> from convlet import emulate, firmware
    >>> Path("script.py").write_text("print('cat 90 %')") > 0
    True
    >>> with emulate.pico(firmware.build("pico").image) as running:
    ...     follow(running.port, Path("script.py"), lambda reading: print(reading.label, reading.percent))
    cat 90.0
    True
    """
    pending = bytearray()

    def collect(data: bytes) -> None:
        pending.extend(data)
        while (end := pending.find(b"\n")) >= 0:
            line = bytes(pending[:end]).decode(errors="replace").rstrip()
            del pending[: end + 1]
            show(read_line(line))

    code = read_script(script)
    with connect(port, via=via) as board:
        try:
            board.run(code, None, collect)
        except KeyboardInterrupt:
            board.recover()
            return False
    return True
