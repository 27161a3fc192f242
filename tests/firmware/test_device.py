"""The scripts of tests/device, on every target: CPython, sanitized unix, Cortex-M3 and M4, RISC-V and the Pico."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from convlet.board import Board
from convlet.compile import compile_tflite
from golden import FOLDER
from mpremote.romfs import VfsRomWriter
from several_ports import several_ports

if TYPE_CHECKING:
    from conftest import Digits

SCRIPTS = sorted((Path(__file__).parents[1] / "device").glob("*.py"))
EMULATED_STEP = 61  # an emulated board tries one place in so many
SILENT_SECONDS = 60

on_each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


def facts_for(script: Path, data: bytes) -> dict[str, bytes]:
    """What the script uses of: DATA, the given model; the golden stream, what goes into it and what comes out; a model
    of several inputs and outputs; a ROMFS.
    """
    kinds = {"STREAM": "cvl", "SERIES": "images", "OUTPUTS": "outputs"}
    facts = {name: (FOLDER / f"stream.{kind}").read_bytes() for name, kind in kinds.items()}
    facts |= {"DATA": data, "PORTS": compile_tflite(several_ports()).cvl, "ROM": romfs_of_copies(data)}
    text = script.read_text()
    return {name: value for name, value in facts.items() if re.search(rf"\b{name}\b", text)}


def romfs_of_copies(data: bytes) -> bytes:
    """A ROMFS of four files with the same content, each at another alignment."""
    writer = VfsRomWriter()
    for name in ("a", "ab", "abc", "abcd"):
        writer.mkfile(f"{name}.cvl", data)
    image: bytes = writer.finalise()
    places = {match.start() % 4 for match in re.finditer(re.escape(data), image)}
    assert places == {0, 1, 2, 3}, places
    return image


def settings_for(script: Path, step: int) -> str:
    """Python code that is to run before the script, and knows its facts."""
    as_int8 = "SERIES, OUTPUTS = array('b', SERIES), array('b', OUTPUTS)"
    lines = [f"STEP = {step}", "from array import array"]
    return "\n".join([*lines, as_int8 if "SERIES" in script.read_text() else "", ""])


def run_here(
    interpreter: str | Path, script: Path, data: bytes, folder: Path, modules: Path | None = None
) -> str:
    """What the script prints on this computer; `modules` is a folder that the interpreter imports from."""
    whole = folder / script.name
    facts = "".join(f"{name} = {value!r}\n" for name, value in facts_for(script, data).items())
    whole.write_text(facts + settings_for(script, 1) + script.read_text())
    # MicroPython keeps what it allocated until the end: that is no leak.
    environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}
    if modules:
        environment["MICROPYPATH"] = str(modules)
    done = subprocess.run([interpreter, whole], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "runtime error" not in done.stderr  # of the undefined-behaviour sanitizer
    return done.stdout


def run_on(board: Board, script: Path, data: bytes) -> str:
    """What the script prints on the board, without what the last one left in its RAM."""
    board.run("globals().clear()\nimport gc\ngc.collect()")
    for name, value in facts_for(script, data).items():
        board.set_bytes(name, value)
        board.run(f"{name} = bytes({name})")
    board.run(settings_for(script, EMULATED_STEP))
    return board.run_file(script, SILENT_SECONDS)


@on_each_script
def test_cpython(script: Path, digits: Digits, tmp_path: Path) -> None:
    assert run_here(sys.executable, script, digits.cvl.read_bytes(), tmp_path) == "ok\n"


@on_each_script
def test_unix(script: Path, sanitized_micropython: Path, digits: Digits, tmp_path: Path) -> None:
    assert run_here(sanitized_micropython, script, digits.cvl.read_bytes(), tmp_path) == "ok\n"


@on_each_script
def test_pico(script: Path, pico_repl: Board, digits: Digits) -> None:
    assert run_on(pico_repl, script, digits.cvl.read_bytes()) == "ok\n"


@pytest.mark.parametrize(
    "qemu_board", ["qemu-mps2-an385", "qemu-mps2-an386", "qemu-virt-rv32"], indirect=True
)
@on_each_script
def test_qemu(script: Path, qemu_board: Board, digits: Digits) -> None:
    assert run_on(qemu_board, script, digits.cvl.read_bytes()) == "ok\n"
