"""device/camera_rows.py: frames of a file and of a UART, of which no more than some rows are in RAM."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from chain import Chain
from convlet import emulate
from convlet.board import connect
from convlet.compile import compile_tflite
from convlet.engine import Model
from convlet.on_board import DEVICE_FOLDER
from convlet.recordings import frame_file
from test_imu_gesture import FAKE_MACHINE

if TYPE_CHECKING:
    from conftest import Digits

SCRIPT = DEVICE_FOLDER / "camera_rows.py"
CAMERA = DEVICE_FOLDER / "pnm_camera.py"
FRAME_BYTES = 96 * 96 * 3


@dataclass(frozen=True)
class Scene:
    """A model of pixels of three colours in a folder, a frame, and what the model sees in it."""

    folder: Path
    frame: bytes
    seen: str


def square_scene(side: int, folder: Path) -> Scene:
    layers = Chain((side, side, 3)).conv(8, stride=(2, 2)).max_pool().conv(16, stride=(2, 2)).max_pool()
    cvl = compile_tflite(layers.conv(16).dense(5).build(), prefer="ram").cvl
    pixels = np.random.default_rng(2).integers(0, 256, (side, side, 3)).astype(np.uint8)
    (folder / "model.cvl").write_bytes(cvl)
    (folder / "frame.pgm").write_bytes(frame_file(pixels))
    label, probability = Model(cvl).classify(pixels)
    return Scene(folder, frame_file(pixels), f"{label} ({100 * probability:.0f} %)")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return square_scene(96, tmp_path_factory.mktemp("scene"))


def heap_bytes(printed: str) -> int:
    found = re.search(r"heap in use at most ([\d,]+) bytes more", printed)
    assert found
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize("where", ["unix", "cpython"])
def test_recorded_frame_on_this_computer(where: str, scene: Scene, unix_micropython: Path) -> None:
    interpreter = unix_micropython if where == "unix" else sys.executable
    done = subprocess.run([interpreter, SCRIPT], capture_output=True, text=True, check=True, cwd=scene.folder)
    assert done.stdout.startswith(f"frame 1: {scene.seen}\n96 rows of 288 bytes, never together in RAM; ")
    if where == "unix":
        assert heap_bytes(done.stdout) < FRAME_BYTES / 2


def test_recorded_frame_on_the_pico(scene: Scene, pico_firmware: Path) -> None:
    files = {path.name: path.read_bytes() for path in (*scene.folder.iterdir(), CAMERA)}
    with emulate.pico(pico_firmware, files) as running, connect(running.port) as board:
        printed = board.run_file(SCRIPT, 60)
    assert printed.startswith(f"frame 1: {scene.seen}\n")
    assert heap_bytes(printed) < FRAME_BYTES / 2


def uart_camera(
    scene: Scene, frames: bytes, loses: int, unix_micropython: Path, folder: Path
) -> subprocess.CompletedProcess[str]:
    """camera_rows.py with a camera on the UART whose line loses each `loses`-th byte: 0 for none, 1 for all."""
    for name in (SCRIPT.name, CAMERA.name, "uart_camera.py", "frame_sender.py"):
        shutil.copy(DEVICE_FOLDER / name, folder)
    (folder / "frames").write_bytes(frames)
    (folder / "loses").write_text(str(loses))
    environment = os.environ | {"MICROPYPATH": f"{FAKE_MACHINE}:.frozen"}
    command = [unix_micropython, SCRIPT.name, scene.folder / "model.cvl"]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)


@pytest.mark.parametrize("loses", [0, 3001, 1709])
def test_no_frame_of_a_uart_is_lost(loses: int, scene: Scene, unix_micropython: Path, tmp_path: Path) -> None:
    done = uart_camera(scene, scene.frame * 3, loses, unix_micropython, tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if " rows of 96 x 3 bytes" not in line]
    assert lines[:3] == [f"frame {number}: {scene.seen}" for number in (1, 2, 3)]
    assert lines[3].startswith("96 rows of 288 bytes")


def test_frame_that_breaks_off_on_a_uart(scene: Scene, unix_micropython: Path, tmp_path: Path) -> None:
    done = uart_camera(scene, scene.frame + scene.frame[:5000], 0, unix_micropython, tmp_path)
    assert f"frame 1: {scene.seen}\n" in done.stdout
    assert "frame 2 broke off\n96 rows" in done.stdout


def test_camera_that_does_not_answer(scene: Scene, unix_micropython: Path, tmp_path: Path) -> None:
    done = uart_camera(scene, scene.frame, 1, unix_micropython, tmp_path)
    assert done.returncode == 1
    assert re.search(r"OSError: the camera on .* gave no frame, asked 5 times: does it run, ", done.stderr)


def test_first_lines_of_uart_camera_show_true_questions() -> None:
    examples = re.findall(r'"([FR] [\d ]+) ([0-9a-f]{8})"', (DEVICE_FOLDER / "uart_camera.py").read_text())
    assert [f"{zlib.crc32(words.encode()):08x}" for words, _ in examples] == [crc for _, crc in examples]
    assert len(examples) == 2


@contextlib.contextmanager
def sending(frames: bytes, port: str, folder: Path) -> Iterator[None]:
    """device/frame_sender.py plays them at this port, on this computer."""
    file = folder / "frames.ppm"
    file.write_bytes(frames)
    command = [sys.executable, DEVICE_FOLDER / "frame_sender.py", file, port]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def test_frames_from_a_uart_of_the_pico(pico_firmware: Path, tmp_path: Path) -> None:
    """At a baud rate whose bytes come faster than the model takes them, and more than the UART's buffer holds."""
    scene = square_scene(64, tmp_path)
    camera = (DEVICE_FOLDER / "uart_camera.py").read_text()
    assert "\nBAUD = 921600\n" in camera
    camera = camera.replace("\nBAUD = 921600\n", "\nBAUD = 3_000_000\n")
    files = {"model.cvl": (scene.folder / "model.cvl").read_bytes(), "uart_camera.py": camera.encode()}
    with (
        emulate.pico(pico_firmware, files, uarts=True) as running,
        sending(scene.frame * 2, running.uarts[1], tmp_path),
        connect(running.port) as board,
    ):
        printed = board.run_file(SCRIPT, 60).splitlines()
    assert printed[:2] == [f"frame 1: {scene.seen}", f"frame 2: {scene.seen}"]
    assert printed[2].startswith("64 rows of 192 bytes")


def test_frame_of_another_width(scene: Scene, unix_micropython: Path, tmp_path: Path) -> None:
    (tmp_path / "f.pgm").write_bytes(b"P5\n8 8\n255\n" + bytes(64))
    command = [unix_micropython, SCRIPT, scene.folder / "model.cvl", tmp_path / "f.pgm"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "ValueError: a row of the camera has 8 bytes, of the model 96 x 3" in done.stderr


def test_frame_with_too_few_rows(digits: Digits, unix_micropython: Path, tmp_path: Path) -> None:
    (tmp_path / "f.pgm").write_bytes(b"P5\n8 7\n255\n" + bytes(64))
    command = [unix_micropython, SCRIPT, digits.cvl, tmp_path / "f.pgm"]
    assert subprocess.run(command, capture_output=True, text=True).stdout.startswith("frame 1 broke off\n")


def test_first_lines_show_what_is_printed(digits: Digits, unix_micropython: Path, tmp_path: Path) -> None:
    zero = digits.images[list(digits.labels).index(0)]
    (tmp_path / "f.pgm").write_bytes(frame_file(np.round(zero * 255).astype(np.uint8)))
    command = [unix_micropython, SCRIPT, digits.cvl, tmp_path / "f.pgm"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    example = re.search(r'"(frame 1.*?)"', SCRIPT.read_text(), flags=re.DOTALL)
    assert example
    expected = [line.removeprefix("#").strip() for line in example[1].splitlines()]
    measured = r"\(\d+ %\)|most [\d,]+"
    assert [re.sub(measured, "", line) for line in printed.splitlines()] == [
        re.sub(measured, "", line) for line in expected
    ]
