"""`convlet capture` with boards: recorded motion, an emulated sensor, a camera's frames, and Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from convlet import emulate
from convlet.board import connect
from convlet.capture import capture
from convlet.on_board import DEVICE_FOLDER
from convlet.recordings import frame_file, motion_csv, read_motion
from test_camera_rows import sending

COMMAND = [sys.executable, "-m", "convlet.cli", "capture", "data"]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "motion.csv"
    path.write_text(motion_csv(("Standing", "Running"), 10))
    return path


def test_emulated_sensor(pico_firmware: Path, recording: Path, tmp_path: Path) -> None:
    with emulate.pico(pico_firmware, motion=recording) as running:
        done = capture(running.port, tmp_path / "data", "mixed", rows=6, count=2)
    assert [path.name for path in done.files] == ["sample_0001.npy", "sample_0002.npy"]
    found = np.concatenate([np.load(path) for path in done.files])
    assert found.dtype == np.float32
    # A step of the accelerometer is 0.0012 m/s2, of the gyroscope 0.0011 rad/s.
    np.testing.assert_allclose(found, np.array(read_motion(recording))[:12], atol=0.001)


def test_recording_until_its_end_and_then_pictures(
    pico_firmware: Path, recording: Path, tmp_path: Path
) -> None:
    pictures = np.random.default_rng(3).integers(0, 256, (2, 4, 5, 3)).astype(np.uint8)
    frames = b"".join(frame_file(picture) for picture in pictures)
    files = {"motion.csv": recording.read_bytes(), "frame.pgm": frames}
    with emulate.pico(pico_firmware, files) as running:
        command = [*COMMAND, "--label", "standing", "--port", running.port, "--rows", "10"]
        sensor = ["--sensor", DEVICE_FOLDER / "recorded_motion.py"]
        done = subprocess.run([*command, *sensor], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        seen = capture(
            running.port, tmp_path, "pictures", rows=4, count=2, sensor=DEVICE_FOLDER / "pnm_camera.py"
        )
    assert (
        "2 new samples in data/standing: sample_0001.npy to sample_0002.npy; the source has ended"
        in done.stdout
    )
    samples = [np.load(path) for path in sorted((tmp_path / "data" / "standing").iterdir())]
    np.testing.assert_array_equal(np.concatenate(samples), np.array(read_motion(recording), np.float32))
    np.testing.assert_array_equal([np.load(path) for path in seen.files], pictures)


def test_camera_on_a_uart(pico_firmware: Path, tmp_path: Path) -> None:
    pictures = np.random.default_rng(4).integers(0, 256, (2, 8, 8, 1)).astype(np.uint8)
    frames = b"".join(frame_file(picture) for picture in pictures)
    camera = DEVICE_FOLDER / "uart_camera.py"
    with (
        emulate.pico(pico_firmware, uarts=True) as running,
        sending(frames, running.uarts[1], tmp_path),
    ):
        seen = capture(running.port, tmp_path, "pictures", rows=8, count=3, sensor=camera)
    assert seen.ended and seen.repeated == 0
    np.testing.assert_array_equal([np.load(path) for path in seen.files], pictures)


def test_json_names_the_files(pico_firmware: Path, recording: Path, tmp_path: Path) -> None:
    with emulate.pico(pico_firmware, motion=recording) as running:
        options = ["--label", "up", "--port", running.port, "--rows", "3", "--count", "1", "--json"]
        done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert json.loads(done.stdout) == {"files": ["data/up/sample_0001.npy"], "repeated": 0, "ended": False}


def test_ctrl_c_keeps_the_samples_that_are_whole(
    pico_firmware: Path, recording: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "up"
    with emulate.pico(pico_firmware, motion=recording) as running:
        command = [*COMMAND, "--label", "up", "--port", running.port, "--rows", "3", "--count", "1000"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
        )
        deadline = time.monotonic() + 120
        while len(list(folder.glob("sample_*.npy"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate(timeout=120)
        assert (process.returncode, errors.strip()) == (130, "interrupted")
        with connect(running.port) as board:
            assert board.run("print(1)") == "1\n"
    files = sorted(folder.iterdir())
    assert f"{len(files)} new samples in data/up: sample_0001.npy to {files[-1].name}" in printed
    assert [np.load(path).shape for path in files] == [(3, 6)] * len(files)
