"""Running the tools of others: a failure becomes one ToolError that holds the lines worth reading."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from convlet.errors import ToolError

SHOWN_LINES = 12
_TELLING = re.compile(
    r"error\b|undefined reference|No such file|not found|cannot find|overflowed|\*\*\* |^E: ", re.IGNORECASE
)
_NOISE = re.compile(r"Build-Troubleshooting|Waiting for unfinished jobs")


def telling_lines(output: str) -> str:
    """The part of a build log that says what went wrong: from the first error on, else its end."""
    lines = [line for line in output.splitlines() if line.strip() and not _NOISE.search(line)]
    start = next(
        (i for i, line in enumerate(lines) if _TELLING.search(line)), max(0, len(lines) - SHOWN_LINES)
    )
    return "\n".join(lines[start : start + SHOWN_LINES])


def run(
    command: Sequence[str | Path],
    purpose: str,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run `command` to its end and return what it printed; `on_line` sees each line as it comes.

    `purpose` completes "cannot ...". Raises ToolError when the program is missing or fails.
    """
    argv = [str(word) for word in command]
    try:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env=dict(os.environ if environment is None else environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as error:
        raise ToolError(f"cannot {purpose}: the program {argv[0]} is not installed") from error
    output: list[str] = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            output.append(line)
            if on_line:
                on_line(line)
        status = process.wait()
    finally:
        if process.poll() is None:  # Ctrl-C: do not leave a compiler behind
            process.terminate()
            process.wait()
        process.stdout.close()
    text = "".join(output)
    if status:
        raise ToolError(
            f"cannot {purpose}: {Path(argv[0]).name} ended with status {status}\n{telling_lines(text)}"
        )
    return text


@contextmanager
def standard_error_to(file: IO[Any]) -> Iterator[None]:
    """Lets `file` have what this process writes to its standard error, also what C++ writes past Python's."""
    saved = os.dup(2)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
