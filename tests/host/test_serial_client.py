"""The host's side of device/serial_classify.py, which runs here in a process of its own, over good and bad cables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from convlet import checked_line, serial_client
from convlet.engine import Model
from convlet.errors import BoardError
from convlet.on_board import DEVICE_FOLDER
from convlet.quantization import quantize
from convlet.serial_client import SerialClient
from script_line import ScriptLine, running

if TYPE_CHECKING:
    from conftest import Digits

SCRIPT = DEVICE_FOLDER / "serial_classify.py"


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked_line, "NUDGE_SECONDS", 0.3)
    monkeypatch.setattr(checked_line, "QUIET_SECONDS", 0.1)


@pytest.fixture
def line(digits: Digits) -> Iterator[ScriptLine]:
    with running([sys.executable, SCRIPT, digits.cvl]) as line:
        yield line


def scores_here(digits: Digits, count: int) -> list[list[int]]:
    model = Model(digits.cvl)
    as_int8 = quantize(digits.images[:count], model.input_scale, model.input_zero_point)
    return [list(model.run(image)) for image in as_int8]


def once(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """`change` of the first of what passes, and of no more."""
    changes = [change]
    return lambda data: changes.pop()(data) if changes else data


def test_scores_of_images_in_parts(line: ScriptLine, digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_client, "PART_BYTES", 20)
    client = SerialClient(line)
    assert client.description.input_shape == (8, 8, 1)
    assert client.description.scale == Model(digits.cvl).input_scale
    answers = [client.classify(image) for image in digits.images[:5]]
    assert [list(answer.scores) for answer in answers] == scores_here(digits, 5)
    assert all(0 < answer.microseconds < 1_000_000 for answer in answers)
    assert client.repeated == 0


def test_a_byte_lost_on_the_way_there(line: ScriptLine, digits: Digits) -> None:
    client = SerialClient(line)
    [expected] = scores_here(digits, 1)
    for at in (0, 1, 3, 12, 40, -2):
        client.repeated = 0
        line.on_the_way = once(lambda data, at=at: data[:at] + data[at % len(data) + 1 :])
        assert list(client.classify(digits.images[0]).scores) == expected
        assert client.repeated == 1
    line.on_the_way = once(lambda data: data[:-1])  # a line without its end is whole when an empty one comes
    assert list(client.classify(digits.images[0]).scores) == expected
    assert client.repeated == 1


def test_a_byte_changed_on_the_way_back(line: ScriptLine, digits: Digits) -> None:
    client = SerialClient(line)
    [expected] = scores_here(digits, 1)
    for at in range(37):  # the last one is the end of the line
        client.repeated = passed = 0

        def change(data: bytes, at: int = at) -> bytes:
            nonlocal passed
            passed += len(data)
            return b"?" if passed == at + 1 else data  # the client reads byte by byte

        line.on_the_way_back = change
        assert list(client.classify(digits.images[0]).scores) == expected
        assert client.repeated == 1, at


def test_noise_between_the_lines(line: ScriptLine, digits: Digits) -> None:
    client = SerialClient(line)
    line.on_the_way = once(lambda data: b"\xff\x00noise\n" + data)
    found = [list(client.classify(image).scores) for image in digits.images[:3]]
    assert found == scores_here(digits, 3)


def test_a_line_that_damages_everything_is_given_up(line: ScriptLine, digits: Digits) -> None:
    client = SerialClient(line)
    line.on_the_way = lambda data: data.replace(b"A", b"B")
    with pytest.raises(BoardError, match=r"too bad: 4 times in a row the board said: .*arrived damaged"):
        client.classify(digits.images[0])
    line.on_the_way = lambda data: data
    assert list(client.classify(digits.images[0]).scores) == scores_here(digits, 1)[0]


def test_a_silent_board_is_an_error(line: ScriptLine) -> None:
    line.on_the_way_back = lambda data: b""
    with pytest.raises(BoardError, match=r"has not answered for 0\.5 s"):
        SerialClient(line, silent_seconds=0.5)


def test_a_script_that_ends_is_an_error() -> None:
    talk = "import sys; sys.stdin.readline(); print('\\x04Traceback:\\n  x\\nMemoryError: 5 bytes', end='\\x04>')"
    with (
        running([sys.executable, "-c", talk]) as line,
        pytest.raises(BoardError, match=r"the script on the board ended: MemoryError: 5 bytes$"),
    ):
        SerialClient(line)


def test_what_the_board_refuses_is_said(line: ScriptLine) -> None:
    client = SerialClient(line)
    with pytest.raises(BoardError, match=r"10 values, the input of the board's model has 8 x 8 x 1"):
        client.classify(np.zeros(10, np.float32))
    object.__setattr__(client.description, "input_shape", (65, 1, 1))
    with pytest.raises(BoardError, match=r"the board says: got values up to 65, the model's input has 64"):
        client.classify(np.zeros(65, np.float32))
