"""The engine fits its budgets of code, and what is counted is what is linked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from convlet.bench_build import CORES, build
from convlet.cvl_file import read_cvl
from convlet.engine_size import measure_engine, operator_bytes
from convlet.format import EXTRAS, FEATURES

DIGITS = Path(__file__).parents[1] / "vectors" / "digits_like.cvl"
BUDGETS = {"m0plus": 23 * 1024, "m4": 27 * 1024, "m33": 27 * 1024}
BUDGET_FOR_DIGITS = 6 * 1024


@pytest.mark.parametrize("core", BUDGETS)
def test_all_operators_fit_the_budget(core: str) -> None:
    assert 0 < measure_engine(build(CORES[core])).total <= BUDGETS[core]


def test_the_engine_for_the_digits_fits_the_budget() -> None:
    needed = read_cvl(DIGITS.read_bytes()).kernels
    measured = measure_engine(build(CORES["m0plus"], needed))
    assert 0 < measured.total <= BUDGET_FOR_DIGITS
    assert "conv2d_wide.c" in measured.file_bytes and "copy.c" not in measured.file_bytes


@pytest.mark.parametrize("core", ["m0plus", "rv32imc", "xtensa"])
def test_every_section_of_a_file_is_counted(core: str) -> None:
    """An object of all of whose functions are public takes what `size` says it does."""
    engine = build(CORES[core])
    printed = subprocess.run(
        [f"{engine.core.tools}size", engine.folder / "lookup.o"], capture_output=True, text=True, check=True
    )
    text, data = printed.stdout.splitlines()[1].split()[:2]
    assert measure_engine(engine).file_bytes["lookup.c"] == pytest.approx(int(text) + int(data), abs=8)


def test_operators_add_up_to_no_less_than_the_whole() -> None:
    """What two operators share is counted for each."""
    core = CORES["m0plus"]
    operators = operator_bytes(core)
    assert min(operators.values()) > 0 and "ADD, WEIGHTED_SUM, MUL, MINIMUM, MAXIMUM, PRELU" in operators
    added = measure_engine(build(core)).total - measure_engine(build(core, FEATURES)).total
    assert sum(operators.values()) >= added - 16 * len(
        operators
    )  # each has its case where kernels are called


def test_the_command_prints_files_and_operators() -> None:
    command = [sys.executable, "-m", "convlet.cli", "firmware", "size", "--core", "m0plus", "--only", DIGITS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "only digits_like.cvl" in done.stdout and "conv2d_wide.c" in done.stdout
    assert "CONV_2D_WIDE" in done.stdout


def test_what_no_model_says_is_kept_by_name() -> None:
    extras = [word for name in EXTRAS for word in ("--with", name.lower())]
    size = [sys.executable, "-m", "convlet.cli", "firmware", "size", "--core", "m0plus", "--json"]
    found = [
        json.loads(subprocess.run([*size, *more], capture_output=True, check=True).stdout)["builds"]
        for more in (["--only", DIGITS], ["--only", DIGITS, *extras])
    ]
    without, with_all = (builds["only digits_like.cvl"]["file_bytes"] for builds in found)
    assert without.get("profiling.c", 0) == 0 < with_all["profiling.c"]
    assert without["begin.c"] < with_all["begin.c"] and without.get("pairs_slow.c", 0) == 0
    alone = subprocess.run([*size, *extras], capture_output=True, text=True)
    assert alone.returncode and "--with goes with --only" in alone.stderr


def test_board_and_core_exclude_each_other() -> None:
    options = ["--core", "m0plus", "--board", "pico"]
    command = [sys.executable, "-m", "convlet.cli", "firmware", "size", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode and "--board and --core exclude each other" in done.stderr
