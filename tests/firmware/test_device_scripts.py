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
from golden import FOLDER as GOLDEN

if TYPE_CHECKING:
    from conftest import Digits

CLASSIFY = DEVICE_FOLDER / "classify.py"
REPL_TOUR = DEVICE_FOLDER / "repl_tour.py"
BENCHMARK = DEVICE_FOLDER / "benchmark.py"
CYCLES_ALLOWED = 26_000  # on the Pico


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


def facts(text: str) -> list[str]:
    """The lines of `text` without what is measured: times, shares, probabilities and speeds."""
    measured = r"[\d.]+ us|[\d.]+ %| [\d.]+ +[\d.]+%|\d+\.\d+$"
    return [" ".join(re.sub(measured, "", line).split()) for line in text.splitlines()]


def assert_tour(printed: str) -> None:
    expected = "\n".join(re.findall(r"^# -> (.*)$", REPL_TOUR.read_text(), flags=re.MULTILINE))
    assert facts(printed) == facts(expected)


@pytest.mark.parametrize("where", ["unix", "cpython"])
def test_repl_tour_on_this_computer(where: str, unix_micropython: Path, digits: Digits) -> None:
    interpreter = unix_micropython if where == "unix" else sys.executable
    command = [interpreter, REPL_TOUR]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=digits.folder)
    assert_tour(done.stdout)


def test_repl_tour_and_benchmark_on_the_pico(pico_repl: Board) -> None:
    assert_tour(pico_repl.run_file(REPL_TOUR))
    assert_benchmark(pico_repl.run_file(BENCHMARK))


def assert_benchmark(printed: str) -> None:
    """As the first lines of benchmark.py show, but for what is measured."""
    example = re.search(r'"(digits.cvl.*?)"', BENCHMARK.read_text(), flags=re.DOTALL)
    assert example
    assert facts(printed) == facts("\n".join(line.removeprefix("#") for line in example[1].splitlines()))
    times = [float(line.split()[2]) for line in printed.splitlines()[2:5]]
    assert sum(times) == pytest.approx(float(printed.splitlines()[5].split()[-2]), abs=4)


@pytest.mark.parametrize("where", ["unix", "cpython"])
def test_benchmark_of_a_stream(where: str, unix_micropython: Path, tmp_path: Path) -> None:
    (tmp_path / "s.cvl").write_bytes((GOLDEN / "stream.cvl").read_bytes())
    interpreter = unix_micropython if where == "unix" else sys.executable
    done = subprocess.run([interpreter, BENCHMARK], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert re.search(r"operators of one period +\d+ us\n +one call of step +\d+ us\n$", done.stdout)


@pytest.mark.parametrize("script", sorted(DEVICE_FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_first_lines_say_board_wiring_command_and_what_is_printed(script: Path) -> None:
    first = re.match(r"(?:#.*\n)+", script.read_text())
    assert first
    assert re.findall(r"^# ([A-Z]\w+): +\S", first[0], flags=re.MULTILINE) == [
        "Board",
        "Wiring",
        "Command",
        "Prints",
    ]


def test_cycles_of_an_inference(pico_repl: Board) -> None:
    cycles = count_cycles(pico_repl)
    assert 10_000 < cycles <= CYCLES_ALLOWED
    assert count_cycles(pico_repl) == pytest.approx(cycles, rel=0.001)
