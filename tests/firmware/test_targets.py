"""`scripts/targets`: what it finds on a processor of QEMU, and what it shows."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest
import targets
from click.testing import CliRunner
from convlet.board import RemoteError
from targets import TARGETS, Case, Row, case_of, cells, markdown, measure, note_case, note_script

if TYPE_CHECKING:
    from conftest import Digits

CASE = Case("thing", b"abcd", b"\x01", "0507")
ROW = Row("A board", "built in", 0, 0, 29_000, 0, "flash", "cycles")


def find(board: str, native: str) -> targets.Target:
    (found,) = (each for each in TARGETS if (each.board, each.native) == (board, native))
    return found


def test_the_digits_on_the_cortex_m4(digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "SCRIPTS", [path for path in targets.SCRIPTS if path.stem == "api"])
    case = case_of(digits.tflite)
    row = measure(find("qemu-mps2-an386", ""), [case], digits.cvl.read_bytes())
    assert (row.passed, row.tests) == (2, 2)
    heap, count = row.models["digits"]
    assert 244 <= heap < 1000  # the arena and the object, nothing of the file
    assert 8_000 < count < 16_000
    assert row.flash_added and 20_000 < row.flash_added < 36_000


def test_every_native_module_has_a_target() -> None:
    from convlet.native import ARCHITECTURES

    assert {each.native for each in TARGETS if each.native} == set(ARCHITECTURES)


def test_a_wrong_output_is_no_pass() -> None:
    row = replace(ROW, models={})
    note_case(row, CASE, lambda: "300 1234 0507")
    note_case(row, replace(CASE, name="other"), lambda: "300 1234 0508")
    assert (row.passed, row.tests) == (1, 2)
    assert row.models == {"thing": (300, 1234), "other": "differs"}


def test_what_does_not_fit_is_no_test() -> None:
    row = replace(ROW, models={})

    def run() -> str:
        raise RemoteError("MemoryError: memory allocation failed")

    note_case(row, CASE, run)
    assert (row.tests, row.models) == (0, {"thing": "does not fit"})


def test_a_script_that_fails_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    row = replace(ROW, models={})

    def run() -> str:
        raise RemoteError("ValueError: something")

    note_script(row, run)
    note_script(row, lambda: "ok\n")
    assert (row.passed, row.tests) == (1, 2)
    assert "A board, built in: ValueError: something" in capsys.readouterr().err


def test_table() -> None:
    row = replace(ROW, passed=8, tests=8, models={"thing": (300, 1234)})
    assert cells(row, [CASE]) == [
        "A board",
        "built in",
        "8 of 8",
        "29,000",
        "",
        "flash",
        "cycles",
        "300 / 1,234",
    ]
    lines = markdown([row], [CASE]).splitlines()
    assert len(lines) == 3
    assert {line.count("|") for line in lines} == {9}


def test_command(digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "measure", lambda target, cases, digits: replace(ROW, target=target.title))
    arguments = [str(digits.tflite), "--target", "pico"]
    done = CliRunner().invoke(targets.command, [*arguments, "--json"], catch_exceptions=False)
    assert json.loads(done.stdout) == [asdict(replace(ROW, target="Pico emulator"))]
    shown = CliRunner().invoke(targets.command, arguments, catch_exceptions=False).stdout
    assert "Pico emulator" in shown
    monkeypatch.setattr(targets, "measure", lambda target, cases, digits: replace(ROW, tests=1))
    assert CliRunner().invoke(targets.command, arguments).exit_code == 1
