"""Samples into a data set: from device/capture.py, run here in a process of its own, over good and bad cables."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from convlet import capture, checked_line
from convlet.capture import BrokenSample, Captured, SampleClient, save_sample
from convlet.checked_line import CheckedLine
from convlet.errors import BoardError, ConvletError
from convlet.on_board import DEVICE_FOLDER, without_heading
from convlet.recordings import motion_csv, read_motion
from script_line import ScriptLine, running

SCRIPT = DEVICE_FOLDER / "capture.py"


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked_line, "NUDGE_SECONDS", 0.3)
    monkeypatch.setattr(checked_line, "QUIET_SECONDS", 0.1)


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The rows of a motion.csv in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("motion.csv").write_text(motion_csv(("Standing", "Walking"), 10))
    return np.array(read_motion(Path("motion.csv")), np.float32)


@pytest.fixture
def line(recording: np.ndarray) -> Iterator[ScriptLine]:
    with running([sys.executable, SCRIPT]) as line:
        yield line


def test_samples_follow_each_other_until_the_source_ends(line: ScriptLine, recording: np.ndarray) -> None:
    client = SampleClient(CheckedLine(line))
    for start in (0, 8):
        sample = client.take(8)
        assert sample is not None and sample.dtype == np.float32
        np.testing.assert_array_equal(sample, recording[start : start + 8])
    with pytest.raises(BrokenSample, match="gave 4 of 8 rows"):
        client.take(8)
    assert client.take(8) is None
    client.end()
    assert line.process.wait(120) == 0


@pytest.mark.parametrize(
    "at", [0, 19, 30, 68, 216, 231]
)  # the first line and its end, rows, the last line and its end
def test_a_damaged_sample_is_no_sample(line: ScriptLine, recording: np.ndarray, at: int) -> None:
    client = SampleClient(CheckedLine(line))
    passed = 0

    def change(data: bytes) -> bytes:
        nonlocal passed
        passed += len(data)
        return b"?" if passed == at + 1 else data  # the client reads byte by byte

    line.on_the_way_back = change
    with pytest.raises(BrokenSample):
        client.take(4)
    np.testing.assert_array_equal(client.take(4), recording[4:8])


def test_a_lost_end_of_the_request_does_not_hang(line: ScriptLine, recording: np.ndarray) -> None:
    line.on_the_way = lambda data: data.replace(b"5\n", b"5")
    np.testing.assert_array_equal(SampleClient(CheckedLine(line)).take(5), recording[:5])


def test_a_changed_request_is_noticed(line: ScriptLine) -> None:
    client = SampleClient(CheckedLine(line))
    for changed, complaint in ((b"4\n", "got 4 rows of .6,., expected 5"), (b"?\n", "no number of rows")):
        line.on_the_way = lambda data, changed=changed: data.replace(b"5\n", changed)
        with pytest.raises(BrokenSample, match=complaint):
            client.take(5)


def test_numbers_go_on_and_no_file_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "up"
    first = save_sample(folder, np.ones((2, 3), np.float32))
    (folder / "sample_0007.npy").write_bytes(b"mine")
    (folder / "sample_x.npy").write_bytes(b"other")
    second = save_sample(folder, np.zeros((2, 3), np.uint8))
    assert (first.name, second.name) == ("sample_0001.npy", "sample_0008.npy")
    np.testing.assert_array_equal(np.load(first), np.ones((2, 3), np.float32))
    assert np.load(second).dtype == np.uint8
    assert (folder / "sample_0007.npy").read_bytes() == b"mine"
    assert sorted(path.name for path in folder.iterdir())[0] == "sample_0001.npy"  # no leftovers


def test_two_captures_at_once_do_not_replace_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_sample(tmp_path, np.ones(1, np.float32))
    write_new = capture._write_new
    monkeypatch.setattr(capture, "_write_new", lambda folder, number, sample: write_new(folder, 1, sample))
    assert save_sample(tmp_path, np.zeros(1, np.float32)).name == "sample_0002.npy"
    assert np.load(tmp_path / "sample_0001.npy") == 1


def test_an_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(capture.os, "link", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_sample(tmp_path, np.ones(1, np.float32))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "up").write_text("a file")
    with pytest.raises(ConvletError, match=r"cannot write a sample to .*up: File exists"):
        save_sample(tmp_path / "up", np.ones(1, np.float32))


@pytest.mark.parametrize("label", ["", "..", "a/b", ".hidden"])
def test_a_label_names_a_folder(label: str, tmp_path: Path) -> None:
    with pytest.raises(ConvletError, match="a label names a folder"):
        capture.capture("no port", tmp_path, label, rows=1, count=1)


def test_no_file_for_the_sensor(tmp_path: Path) -> None:
    with pytest.raises(ConvletError, match=r"cannot read the script for the board .*no\.py"):
        capture.capture("no port", tmp_path, "up", rows=1, count=1, sensor=tmp_path / "no.py")


def test_lines_keep_their_numbers_without_the_heading() -> None:
    whole, sent = SCRIPT.read_text().splitlines(), without_heading(SCRIPT).splitlines()
    first = whole.index("import struct")
    assert sent == [""] * first + whole[first:]


def test_a_sensor_that_never_delivers_is_given_up() -> None:
    class Broken:
        def take(self, rows: int) -> None:
            raise BrokenSample("the frame broke off")

    captured = Captured()
    with pytest.raises(BoardError, match=r"4 times in a row no whole sample .*: the frame broke off"):
        capture._whole_sample(Broken(), 1, captured)  # type: ignore[arg-type]
    assert captured.repeated == 4


def test_first_lines_show_what_is_printed(tmp_path: Path) -> None:
    (tmp_path / "motion.csv").write_text(motion_csv())
    example = re.search(r'"(4 .*?)"', SCRIPT.read_text(), flags=re.DOTALL)
    assert example
    shown = [line.removeprefix("#").strip() for line in example[1].splitlines()]
    done = subprocess.run(
        [sys.executable, SCRIPT], input="2\nend\n", capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines() == shown
