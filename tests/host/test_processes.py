"""What a failed tool leaves in the error message."""

from __future__ import annotations

import sys

import pytest
from convlet.errors import ToolError
from convlet.processes import SHOWN_LINES, run, telling_lines


def test_output_and_lines() -> None:
    lines: list[str] = []
    assert run([sys.executable, "-c", "print('a')\nprint('b')"], "count", on_line=lines.append) == "a\nb\n"
    assert lines == ["a\n", "b\n"]


def test_missing_program_is_named() -> None:
    with pytest.raises(ToolError, match=r"cannot brew tea: the program no-such-kettle is not installed"):
        run(["no-such-kettle"], "brew tea")


def test_failure_gives_status_and_words() -> None:
    with pytest.raises(ToolError, match=r"(?s)cannot fail: python\S* ended with status 3\n.*error: because"):
        run([sys.executable, "-c", "print('fine')\nprint('error: because')\nexit(3)"], "fail")


def test_first_error_is_shown_not_the_last_lines() -> None:
    log = "\n".join(["CC a.c", "a.c:1: error: expected ';'", *(f"CC {n}.c" for n in range(30))])
    shown = telling_lines(log).splitlines()
    assert shown[0] == "a.c:1: error: expected ';'"
    assert len(shown) == SHOWN_LINES


def test_without_an_error_the_end_is_shown() -> None:
    assert telling_lines("\n".join(map(str, range(100)))).splitlines()[-1] == "99"
    assert telling_lines("") == ""
