"""Firmware for the tests, built by the library itself, and the outputs that every processor must give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from convlet import emulate, firmware
from convlet.board import Board, connect
from convlet.emulate import EmulatedBoard
from convlet.evaluate import run_int8
from numpy.typing import NDArray

if TYPE_CHECKING:
    from conftest import Digits


@dataclass(frozen=True)
class Expected:
    """Images float32[N, 8, 8, 1], and TFLM's outputs for them, int8[N, 10]."""

    images: NDArray[np.float32]
    outputs: NDArray[np.int8]


@pytest.fixture(scope="session")
def pico_firmware() -> Path:
    return firmware.build("pico").image


@pytest.fixture(scope="session")
def stock_pico_firmware() -> Path:
    """Nothing of ours: MicroPython's own board, but for the modules that Debian's package of it lacks."""
    return firmware.build("pico-stock", with_module=False).image


@pytest.fixture(scope="session")
def unix_micropython() -> Path:
    return firmware.build("unix").image


@pytest.fixture(scope="session")
def bare_unix() -> Path:
    return firmware.build("unix", with_module=False).image


@pytest.fixture(scope="session")
def sanitized_micropython() -> Path:
    return firmware.build("unix", sanitize=True).image


@pytest.fixture
def pico(pico_firmware: Path, digits: Digits) -> Iterator[EmulatedBoard]:
    """A Pico that holds digits.cvl."""
    with emulate.pico(pico_firmware, {"digits.cvl": digits.cvl.read_bytes()}) as running:
        yield running


@pytest.fixture
def pico_repl(pico: EmulatedBoard) -> Iterator[Board]:
    with connect(pico.port) as board:
        yield board


@pytest.fixture(scope="module")
def qemu_board(request: pytest.FixtureRequest) -> Iterator[Board]:
    """The board of QEMU that a test names by indirect parametrization, for all tests that name it one after the other.

    MicroPython waits for input in a loop and keeps a processor busy: such tests are the last in their files.
    """
    image = firmware.build(request.param).image
    with emulate.qemu(request.param, image) as running, connect(running.port) as board:
        yield board


@pytest.fixture(scope="session")
def test_split(digits: Digits) -> Expected:
    """All images of the test split."""
    return Expected(digits.images, _tflm(digits, digits.images))


@pytest.fixture(scope="session")
def random_images(digits: Digits) -> Expected:
    """1,000 images of noise, some of it outside the range that the model was trained for."""
    images = np.random.default_rng(5).uniform(-0.1, 1.1, (1000, 8, 8, 1)).astype(np.float32)
    return Expected(images, _tflm(digits, images))


def _tflm(digits: Digits, images: NDArray[np.float32]) -> NDArray[np.int8]:
    result = run_int8(digits.tflite.read_bytes(), images)
    assert result.interpreter == "tflite-micro"
    return result.outputs
