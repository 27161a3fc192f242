"""`convlet evaluate`: the accuracy of a board over the serial line, and the first lines of the script there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convlet import emulate
from convlet.board import connect
from convlet.checked_line import pack
from convlet.emulate import EmulatedBoard
from convlet.on_board import DEVICE_FOLDER, running_serial_classifier, serial_classifier
from convlet.serial_client import SerialClient
from script_line import running

if TYPE_CHECKING:
    from conftest import Digits, Expected

SCRIPT = DEVICE_FOLDER / "serial_classify.py"
IMAGES = 36
BAUD = 115200


def evaluate(digits: Digits, *options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "convlet.cli",
        "-q",
        "evaluate",
        digits.folder / "digits.test.npz",
        *options,
    ]
    return subprocess.run(command, capture_output=True, text=True)


def test_whole_test_split_on_the_unix_port(
    unix_micropython: Path, digits: Digits, test_split: Expected
) -> None:
    with running([unix_micropython, SCRIPT, digits.cvl]) as line:
        client = SerialClient(line)
        scores = [list(client.classify(image).scores) for image in test_split.images]
    assert scores == test_split.outputs.tolist()


def test_command_on_the_pico(pico: EmulatedBoard, digits: Digits) -> None:
    missing = evaluate(digits, "--port", pico.port, "--model", "lenet5.cvl")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "the script on the board ended: OSError: [Errno 2] ENOENT" in " ".join(missing.stderr.split())
    command = [sys.executable, "-m", "convlet.cli", "evaluate", digits.folder / "digits.test.npz"]
    command += ["--port", pico.port, "--limit", str(IMAGES), "--against", digits.cvl]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert re.search(
        r"3[456] of 36 right \(\d+\.\d%\); one inference [\d,]+ us \([\d,]+ to [\d,]+\); 0 lines", text
    )
    assert "0 of 36 differ from" in text


def test_json_of_the_command(pico: EmulatedBoard, digits: Digits, test_split: Expected) -> None:
    done = evaluate(digits, "--port", pico.port, "--limit", "3", "--against", digits.cvl, "--json")
    found = json.loads(done.stdout)
    assert found["scores"] == test_split.outputs[:3].tolist()
    right = test_split.outputs[:3].argmax(axis=1) == digits.labels[:3]
    assert (found["images"], found["right"]) == (3, int(right.sum()))
    assert (found["repeated"], found["differ"], len(found["microseconds"])) == (0, 0, 3)


def test_bad_cable_to_the_pico(pico: EmulatedBoard, test_split: Expected) -> None:
    with serial_classifier(pico.port, "digits.cvl") as client:
        client.line.port = LosingPort(client.line.port, [30, 0])
        scores = [list(client.classify(image).scores) for image in test_split.images[:3]]
        assert client.repeated == 2
    assert scores == test_split.outputs[:3].tolist()
    with connect(pico.port) as board:
        assert board.run("print(1)") == "1\n"


def test_script_that_runs_on_the_pico_already(pico_firmware: Path, digits: Digits) -> None:
    files = {"digits.cvl": digits.cvl.read_bytes(), "main.py": SCRIPT.read_bytes()}
    with emulate.pico(pico_firmware, files) as running:
        for _ in range(2):
            done = evaluate(
                digits, "--attach", "--port", running.port, "--limit", "3", "--against", digits.cvl
            )
            assert done.returncode == 0, done.stderr


def test_no_port_to_attach_to(digits: Digits) -> None:
    done = evaluate(digits, "--attach", "--port", "socket://127.0.0.1:1")
    assert done.returncode == 1
    assert "no board can be reached at socket://127.0.0.1:1" in done.stderr


def test_first_lines_show_a_true_answer(digits: Digits) -> None:
    text = " ".join(line.lstrip("# ") for line in SCRIPT.read_text().partition("#\n")[0].splitlines())
    request, answer = re.findall(r'"(\d+ [0-9a-f]{8} \S+)"', text)
    done = subprocess.run(
        [sys.executable, SCRIPT, digits.cvl], input=request + "\n", capture_output=True, text=True, check=True
    )
    assert (request.encode() + b"\n", done.stdout) == (pack(b"\x01?"), answer + "\n")


class LosingPort:
    """A port that loses the byte at each of these places of the lines that are sent first."""

    def __init__(self, port: Any, places: Sequence[int]) -> None:
        self.port, self.places = port, list(places)

    def write(self, data: bytes) -> int | None:
        if len(data) > 1 and self.places:
            at = self.places.pop()
            data = data[:at] + data[at + 1 :]
        return self.port.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.port, name)


def test_over_a_uart_of_the_pico(pico_firmware: Path, digits: Digits, test_split: Expected) -> None:
    """Where the script is main.py; bytes come at the baud rate, while it calculates too."""
    text = SCRIPT.read_text()
    assert "\nUART = None " in text
    main = text.replace("\nUART = None ", "\nUART = 0 ").encode()
    files = {"main.py": main, "digits.cvl": digits.cvl.read_bytes()}
    with emulate.pico(pico_firmware, files, uarts=True) as running:
        with running_serial_classifier(running.uarts[0], BAUD) as client:
            scores = [list(client.classify(image).scores) for image in test_split.images[:IMAGES]]
            assert client.repeated == 0
        done = evaluate(
            digits, "--port", running.uarts[0], "--attach", "--limit", "4", "--against", digits.cvl
        )
    assert scores == test_split.outputs[:IMAGES].tolist()
    assert done.returncode == 0, done.stderr
