"""`convlet monitor` on the emulated Pico."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from convlet.board import RemoteError, connect
from convlet.emulate import EmulatedBoard
from convlet.monitor import follow

COMMAND = [sys.executable, "-m", "convlet.cli", "monitor"]
FOREVER = """
import convlet
from array import array
model, image = convlet.Model("digits.cvl"), array("f", [0] * 64)
while True:
    label, probability = model.classify(image)
    print(label, 100 * probability, "%")
"""


def test_ctrl_c_stops_the_board_and_leaves_it_usable(pico: EmulatedBoard, tmp_path: Path) -> None:
    (tmp_path / "forever.py").write_text(FOREVER)
    command = [*COMMAND, tmp_path / "forever.py", "--port", pico.port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=120)
    assert all(line.endswith("%\n") for line in lines)
    assert (process.returncode, errors) == (0, "")
    assert rest.endswith("stopped; the board is at its prompt\n")
    with connect(pico.port, soft_reset=False) as board:
        assert board.run("print(model.labels[0])") == "0\n"


def test_classify_runs_to_its_end(pico: EmulatedBoard) -> None:
    done = subprocess.run([*COMMAND, "--port", pico.port], capture_output=True, text=True, check=True)
    assert "7 is a 7" in done.stdout
    assert done.stdout.endswith("classify.py has ended; the board is at its prompt\n")


def test_readings_as_json(pico: EmulatedBoard, tmp_path: Path) -> None:
    (tmp_path / "says.py").write_text("print('7 is a 7  90.5 %')\nprint('the end')")
    command = [*COMMAND, tmp_path / "says.py", "--port", pico.port, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == {"line": "7 is a 7  90.5 %", "label": "7 is a 7", "percent": 90.5}
    assert second["line"] == "the end" and second["label"] is None


def test_script_that_fails(pico: EmulatedBoard, tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text("print('first')\n1 / 0")
    seen = []
    with pytest.raises(RemoteError, match="ZeroDivisionError: divide by zero"):
        follow(pico.port, tmp_path / "fails.py", seen.append)
    assert [reading.line for reading in seen] == ["first"]


def test_script_that_is_not_there() -> None:
    done = subprocess.run([*COMMAND, "nothing.py", "--port", "x"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "there is no script nothing.py" in done.stderr
