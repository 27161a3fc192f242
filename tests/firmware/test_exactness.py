"""The numbers that matter: every processor gives TFLM's outputs, bit for bit."""

from __future__ import annotations

import subprocess
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from convlet.board import Board
from convlet.on_board import DEVICE_FOLDER, run_images

if TYPE_CHECKING:
    from conftest import Digits
    from firmware.conftest import Expected


def test_unix(
    unix_micropython: Path, digits: Digits, test_split: Expected, random_images: Expected, tmp_path: Path
) -> None:
    images = np.concatenate([test_split.images, random_images.images])
    script = tmp_path / "script.py"
    settings = f"MODEL = {str(digits.cvl)!r}\nIMAGES = {zlib.compress(images.tobytes())!r}\n"
    script.write_text(settings + (DEVICE_FOLDER / "run_images.py").read_text())
    printed = subprocess.run([unix_micropython, script], capture_output=True, text=True, check=True).stdout
    outputs = [np.frombuffer(bytes.fromhex(line), np.int8) for line in printed.split()]
    assert np.array_equal(outputs, np.concatenate([test_split.outputs, random_images.outputs]))


def test_pico(pico_repl: Board, test_split: Expected) -> None:
    outputs = run_images(pico_repl, "digits.cvl", test_split.images)
    assert np.array_equal(outputs, test_split.outputs)


@pytest.mark.parametrize("qemu_board", ["qemu-mps2-an385", "qemu-mps2-an386"], indirect=True)
def test_qemu(qemu_board: Board, digits: Digits, test_split: Expected) -> None:
    outputs = run_images(qemu_board, digits.cvl.read_bytes(), test_split.images)
    assert np.array_equal(outputs, test_split.outputs)


@pytest.mark.parametrize("qemu_board", ["qemu-mps2-an385"], indirect=True)
def test_cortex_m3_with_noise(qemu_board: Board, digits: Digits, random_images: Expected) -> None:
    outputs = run_images(qemu_board, digits.cvl.read_bytes(), random_images.images)
    assert np.array_equal(outputs, random_images.outputs)
