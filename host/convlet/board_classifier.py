"""Classifies one image on a board, which says what it sees: the model as on the laptop, the bits as well."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convlet import emulate, firmware
from convlet.board import Board, connect
from convlet.errors import BoardError
from convlet.files import read_file
from convlet.progress import SILENT, Progress

SECONDS = 120  # that loading a model or an inference takes at most, in a slow emulator
_TYPECODES = {"float32": "f", "uint8": "B", "int8": "b"}
_MODEL_ON_BOARD = "model.cvl"
_CLASSIFY = """
from array import array as _a
print(MODEL.classify(_a({typecode!r}, IMAGE), top={top}))
"""


class BoardClassifier:
    """A board that has loaded a model. Made by `on_emulated_pico` and `on_board`."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def classify(self, image: NDArray[np.generic], top: int = 1) -> list[tuple[str, float]]:
        """Labels and probabilities of the best `top` classes; `image` as `images.load_image` gives it.

        Raises BoardError.
        """
        self.board.set_bytes("IMAGE", image.tobytes())
        code = _CLASSIFY.format(typecode=_TYPECODES[image.dtype.name], top=top)
        printed = self.board.run(code, seconds=SECONDS)
        try:
            return [
                (str(label), float(probability)) for label, probability in ast.literal_eval(printed.strip())
            ]
        except (SyntaxError, ValueError, TypeError) as error:
            raise BoardError(f"the board gave no classes, but {printed!r}") from error


@contextmanager
def on_emulated_pico(model: Path, progress: Progress = SILENT) -> Iterator[BoardClassifier]:
    """A Pico in an emulator with `model` in its file system; firmware is built if there is none yet.

    >>> with on_emulated_pico(Path("digits.cvl")) as pico:
    ...     [(label, probability)] = pico.classify(np.load("seven.npy"))
    >>> label
    '7'
    """
    data = read_file(model, "the model")
    emulate.require_packages()
    uf2 = firmware.build("pico", progress=progress).image
    progress.step("Booting an emulated Pico")
    with emulate.pico(uf2, {_MODEL_ON_BOARD: data}) as running, connect(running.port) as board:
        board.run(f"import convlet\nMODEL = convlet.Model({_MODEL_ON_BOARD!r})", SECONDS)
        yield BoardClassifier(board)


@contextmanager
def on_board(model: Path, port: str, progress: Progress = SILENT) -> Iterator[BoardClassifier]:
    """The board at `port`, with `model` in its RAM: its file system stays as it is."""
    data = read_file(model, "the model")
    with connect(port) as board, progress.bar(f"sending {len(data):,} bytes", len(data)) as advance:
        board.set_bytes("FILE", data, advance)
        board.run("import convlet\nMODEL = convlet.Model(FILE)", SECONDS)
        yield BoardClassifier(board)
