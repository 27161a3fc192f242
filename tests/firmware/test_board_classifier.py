"""One image on a board: what it says is what this computer says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from convlet import cli
from convlet.board import Board
from convlet.board_classifier import BoardClassifier, on_board
from convlet.emulate import EmulatedBoard
from convlet.engine import Model
from convlet.errors import BoardError

if TYPE_CHECKING:
    from conftest import Digits


def test_pixels_real_and_quantised_values(pico: EmulatedBoard, digits: Digits) -> None:
    model = Model(digits.cvl)
    pixels = np.rint(digits.images[0] * 255).astype(np.uint8)
    with on_board(digits.cvl, pico.port) as board:
        for image in (digits.images[0], pixels, (pixels.astype(np.int16) - 128).astype(np.int8)):
            expected = model.classify(image, top=3)
            found = board.classify(image, top=3)
            assert [label for label, _ in found] == [label for label, _ in expected]
            assert [p for _, p in found] == pytest.approx([p for _, p in expected], abs=1e-5)


def test_an_answer_that_is_none_is_told(pico_repl: Board) -> None:
    pico_repl.run("class Odd:\n def classify(self, image, top):\n  return 'odd'\nMODEL = Odd()")
    with pytest.raises(BoardError, match=r"the board gave no classes, but 'odd"):
        BoardClassifier(pico_repl).classify(np.zeros(4, np.int8))


def test_the_command_names_the_image_on_the_board_at_a_port(
    pico: EmulatedBoard, digits: Digits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "image.npy", digits.images[0])
    label, probability = Model(digits.cvl).classify(digits.images[0])
    cli.main(["run", str(digits.cvl), str(tmp_path / "image.npy"), "--port", pico.port])
    assert f"image.npy: {label} ({probability:.1%})\n" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        cli.main(["run", str(digits.cvl), "x.npy", "--port", pico.port, "--on", "pico"])
    assert stop.value.code == 2
