"""device/*.py as a user runs them: the same file on the Pico, the unix port and CPython."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from convlet.board import Board
from convlet.emulate import EmulatedBoard
from convlet.on_board import DEVICE_FOLDER, count_cycles

if TYPE_CHECKING:
    from conftest import Digits

CLASSIFY = DEVICE_FOLDER / "classify.py"
CYCLES_ALLOWED = 66_000  # on the Pico


def assert_all_right(printed: str) -> None:
    lines = printed.splitlines()
    assert len(lines) == 11
    for digit, line in enumerate(lines[:10]):
        assert re.fullmatch(rf"{digit} is a {digit} +\d+\.\d %  \d+ us", line), line
    assert re.fullmatch(r"10 of 10 right; arena \d+ bytes", lines[10])


def test_classify_with_mpremote_on_the_pico(pico: EmulatedBoard) -> None:
    command = [sys.executable, "-m", "mpremote", "connect", pico.port, "run", CLASSIFY]
    assert_all_right(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("where", ["unix", "cpython"])
def test_classify_on_this_computer(where: str, unix_micropython: Path, digits: Digits) -> None:
    interpreter = unix_micropython if where == "unix" else sys.executable
    command = [interpreter, CLASSIFY, digits.cvl]
    assert_all_right(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_classify_takes_samples_from_a_file(unix_micropython: Path, digits: Digits, tmp_path: Path) -> None:
    samples = tmp_path / "samples.txt"
    samples.write_text("7 002=@@7000<?<@:000@90>6000304@10000:>@60003@@;200009>000002?6000\n")
    command = [unix_micropython, CLASSIFY, digits.cvl, samples]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.startswith("7 is a 7")
    assert "1 of 1 right" in printed


def test_cycles_of_an_inference(pico_repl: Board) -> None:
    cycles = count_cycles(pico_repl)
    assert 10_000 < cycles <= CYCLES_ALLOWED
    assert count_cycles(pico_repl) == pytest.approx(cycles, rel=0.001)
