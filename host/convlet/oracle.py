"""TFLM, whose int8 outputs are what every implementation of ours must give."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from convlet.errors import ToolError, VerifyError

# TFLM cannot say how much it needs; this is enough for every model that a microcontroller could hold.
ARENA_BYTES = 16 << 20


class Oracle:
    """A `.tflite` in tflite-micro's interpreter. Raises ToolError when that is missing or cannot run the
    model.
    """

    def __init__(self, tflite: bytes) -> None:
        try:
            from tflite_micro import runtime
        except ImportError as error:
            raise ToolError(
                "comparing with TFLM needs the package tflite-micro: pip install 'convlet[verify]'"
            ) from error
        try:
            self._interpreter: Any = runtime.Interpreter.from_bytes(tflite, arena_size=ARENA_BYTES)
        except RuntimeError as error:
            raise ToolError(f"tflite-micro cannot run the model: {error}") from error

    @property
    def input_details(self) -> dict[str, Any]:
        """Of the first input: shape, and under "quantization_parameters" its scales and zero points."""
        details: dict[str, Any] = self._interpreter.get_input_details(0)
        return details

    @property
    def output_details(self) -> dict[str, Any]:
        """The same of the first output."""
        details: dict[str, Any] = self._interpreter.get_output_details(0)
        return details

    def run(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """The first output, int8 and flat, for one int8 image for each input of the model."""
        for index, image in enumerate(images):
            shape = self._interpreter.get_input_details(index)["shape"]
            self._interpreter.set_input(np.asarray(image, np.int8).reshape(shape), index)
        self._interpreter.invoke()
        output: np.ndarray = self._interpreter.get_output(0)
        if output.dtype != np.int8:
            raise VerifyError(f"TFLM's output is {output.dtype}, expected int8")
        return output.ravel().copy()

    def arena_bytes(self) -> int:
        """The arena that TFLM has taken, to be asked after a `run`.

        A little more than on a board, where the pointers in TFLM's own structures have half the size.
        """
        with tempfile.TemporaryFile() as log:
            # The interpreter tells it on the standard error of the process, past Python's `sys.stderr`.
            saved = os.dup(2)
            os.dup2(log.fileno(), 2)
            try:
                self._interpreter.print_allocations()
            finally:
                os.dup2(saved, 2)
                os.close(saved)
            log.seek(0)
            found = re.search(rb"Arena allocation total (\d+) bytes", log.read())
        if not found:
            raise ToolError("tflite-micro did not tell the size of its arena")
        return int(found[1])
