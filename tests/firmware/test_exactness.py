"""The numbers that matter: every processor gives TFLM's outputs, bit for bit."""

from __future__ import annotations

import subprocess
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from convlet import emulate, firmware
from convlet.board import Board, connect
from convlet.on_board import DEVICE_FOLDER
from qemu_files import qemu_with_files

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


# Images from a file: they take longer to send than to run.
SCRIPT = """
import convlet
from array import array
from binascii import hexlify
model, image, images = convlet.Model({model!r}), array("f", bytes(256)), open({images!r}, "rb")
while images.readinto(image):
    print(hexlify(bytes(model.run(image))).decode())
"""


def run_from_files(board: Board, folder: str) -> list[np.ndarray]:
    printed = board.run(SCRIPT.format(model=f"{folder}digits.cvl", images=f"{folder}images"), 120)
    return [np.frombuffer(bytes.fromhex(line), np.int8) for line in printed.split()]


@pytest.mark.parametrize("name", ["qemu-mps2-an385", "qemu-mps2-an386"])
def test_qemu(name: str, digits: Digits, test_split: Expected, random_images: Expected) -> None:
    images = np.concatenate([test_split.images, random_images.images])
    files = {"digits.cvl": digits.cvl.read_bytes(), "images": images.tobytes()}
    with qemu_with_files(name, firmware.build(name).image, files) as board:
        outputs = run_from_files(board, "/rom/")
    assert np.array_equal(outputs, np.concatenate([test_split.outputs, random_images.outputs]))


def test_pico(pico_firmware: Path, digits: Digits, test_split: Expected) -> None:
    files = {"digits.cvl": digits.cvl.read_bytes(), "images": test_split.images.tobytes()}
    with emulate.pico(pico_firmware, files) as running, connect(running.port) as board:
        outputs = run_from_files(board, "/")
    assert np.array_equal(outputs, test_split.outputs)
