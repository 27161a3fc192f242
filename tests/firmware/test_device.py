"""The scripts of tests/device, on every target: CPython, sanitized unix, Cortex-M3 and the Pico."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from convlet.board import Board
from convlet.compile import compile_tflite
from golden import FOLDER
from several_ports import several_ports

if TYPE_CHECKING:
    from conftest import Digits

SCRIPTS = sorted((Path(__file__).parents[1] / "device").glob("*.py"))
EMULATED_STEP = 61  # an emulated board tries one place in so many
SILENT_SECONDS = 60

on_each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


def other_facts() -> dict[str, bytes]:
    """The golden stream, what goes into it, and what comes out; and a model of several inputs and outputs."""
    kinds = {"STREAM": "cvl", "SERIES": "images", "OUTPUTS": "outputs"}
    stream = {name: (FOLDER / f"stream.{kind}").read_bytes() for name, kind in kinds.items()}
    return stream | {"PORTS": compile_tflite(several_ports()).cvl}


AS_INT8 = "from array import array\nSERIES, OUTPUTS = array('b', SERIES), array('b', OUTPUTS)"


def run_here(interpreter: str | Path, script: Path, data: bytes, folder: Path) -> str:
    whole = folder / script.name
    facts = "".join(f"{name} = {value!r}\n" for name, value in ({"DATA": data} | other_facts()).items())
    whole.write_text(f"STEP = 1\n{facts}{AS_INT8}\n{script.read_text()}")
    # MicroPython keeps what it allocated until the end: that is no leak.
    environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run([interpreter, whole], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "runtime error" not in done.stderr  # of the undefined-behaviour sanitizer
    return done.stdout


def run_on(board: Board, script: Path, data: bytes) -> str:
    for name, value in ({"DATA": data} | other_facts()).items():
        board.set_bytes(name, value)
    board.run(
        f"DATA, STREAM, PORTS = bytes(DATA), bytes(STREAM), bytes(PORTS)\nSTEP = {EMULATED_STEP}\n{AS_INT8}"
    )
    return board.run_file(script, SILENT_SECONDS)


@on_each_script
def test_cpython(script: Path, digits: Digits, tmp_path: Path) -> None:
    assert run_here(sys.executable, script, digits.cvl.read_bytes(), tmp_path) == "ok\n"


@on_each_script
def test_unix(script: Path, sanitized_micropython: Path, digits: Digits, tmp_path: Path) -> None:
    assert run_here(sanitized_micropython, script, digits.cvl.read_bytes(), tmp_path) == "ok\n"


@on_each_script
def test_cortex_m3(script: Path, qemu_repl: Board, digits: Digits) -> None:
    assert run_on(qemu_repl, script, digits.cvl.read_bytes()) == "ok\n"


@on_each_script
def test_pico(script: Path, pico_repl: Board, digits: Digits) -> None:
    assert run_on(pico_repl, script, digits.cvl.read_bytes()) == "ok\n"
