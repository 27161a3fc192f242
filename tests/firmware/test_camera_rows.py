"""device/camera_rows.py: frames of a file and of a UART, of which no more than some rows are in RAM."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
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


class Seen(Exception):
    """Enough was printed."""


@dataclass(frozen=True)
class Scene:
    """A model of 96 x 96 pixels of colours in a folder, a frame, and what the model sees in it."""

    folder: Path
    frame: bytes
    seen: str


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    layers = Chain((96, 96, 3)).conv(8, stride=(2, 2)).max_pool().conv(16, stride=(2, 2)).max_pool()
    cvl = compile_tflite(layers.conv(16).dense(5).build(), prefer="ram").cvl
    pixels = np.random.default_rng(2).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    folder = tmp_path_factory.mktemp("scene")
    (folder / "model.cvl").write_bytes(cvl)
    (folder / "frame.pgm").write_bytes(frame_file(pixels))
    label, probability = Model(cvl).classify(pixels)
    return Scene(folder, frame_file(pixels), f"{label} ({100 * probability:.0f} %)")


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


def uart_camera(scene: Scene, received: bytes, interpreter: Path, folder: Path) -> str:
    shutil.copy(SCRIPT, folder)
    text = CAMERA.read_text()
    assert "\nUART = None " in text
    (folder / CAMERA.name).write_text(text.replace("\nUART = None ", "\nUART = 1 "))
    (folder / "received").write_bytes(received)
    environment = os.environ | {"MICROPYPATH": f"{FAKE_MACHINE}:.frozen"}
    command = [interpreter, SCRIPT.name, scene.folder / "model.cvl"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_frames_from_a_uart(scene: Scene, unix_micropython: Path, tmp_path: Path) -> None:
    pause, noise = b"--pause--", b"\n\xffP5\nno size\n255\n"
    broken = scene.frame[:5000]
    received = b"tail of a frame" + scene.frame + pause + noise + broken + pause + scene.frame + scene.frame
    lines = uart_camera(scene, received, unix_micropython, tmp_path).splitlines()
    whole = scene.seen
    assert lines[:4] == [f"frame 1: {whole}", "frame 2 broke off", f"frame 3: {whole}", f"frame 4: {whole}"]


def test_frames_from_a_uart_of_the_pico(digits: Digits, pico_firmware: Path) -> None:
    """Small ones: they come at the UART's speed, and without flow control its buffer must hold what waits."""
    pixels = np.round(digits.images[:2] * 255).astype(np.uint8)
    seen = [Model(digits.cvl).classify(image) for image in pixels]
    camera = CAMERA.read_text().replace("\nUART = None ", "\nUART = 1 ").encode()
    files = {CAMERA.name: camera, "model.cvl": digits.cvl.read_bytes()}
    printed = bytearray()

    def stop_after_two(more: bytes) -> None:
        printed.extend(more)
        if printed.count(b"\n") == 2:
            raise Seen

    with emulate.pico(pico_firmware, files, uarts=True) as running, connect(running.port) as board:
        host, port = running.uarts[1].removeprefix("socket://").split(":")
        with socket.create_connection((host, int(port))) as line, contextlib.suppress(Seen):
            line.sendall(b"tail of a frame" + frame_file(pixels[0]) + frame_file(pixels[1]))
            board.run_file(SCRIPT, 60, stop_after_two)
    expected = [f"frame {n}: {label} ({100 * share:.0f} %)" for n, (label, share) in enumerate(seen, 1)]
    assert printed.decode().split("\r\n")[:2] == expected


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
