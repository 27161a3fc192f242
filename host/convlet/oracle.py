"""TFLM, whose outputs are what every implementation of ours must give."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from convlet.errors import ToolError, VerifyError
from convlet.graph import Graph, Tensor
from convlet.ops import check_operators
from convlet.processes import standard_error_to
from convlet.reference import run_graph
from convlet.tflite_reader import read_tflite

NAME = "tflite-micro"

# TFLM cannot say how much it needs; this is enough for every model that a microcontroller could hold.
ARENA_BYTES = 16 << 20


class Oracle:
    """A `.tflite` in tflite-micro's interpreter, with int8 values at its borders whatever types it has there.

    Of a model that TFLM cannot run, the numpy reference, operator by operator as the file has them; `name` says so, and
    why. Raises ModelError when it is no model that Convlet reads, ToolError when tflite-micro is missing.
    """

    def __init__(self, tflite: bytes) -> None:
        try:
            from tflite_micro import runtime
        except ImportError as error:
            raise ToolError(
                "comparing with TFLM needs the package tflite-micro: pip install 'convlet[verify]'"
            ) from error
        self.name = NAME
        self._graph = read_tflite(tflite)
        self._inputs, self._outputs = self._graph.inputs, self._graph.outputs
        if self._graph.is_open:
            self._take_reference("takes 1 for what the file leaves open of shapes")
            return
        with _standard_error() as log:
            try:
                self._interpreter: Any = runtime.Interpreter.from_bytes(tflite, arena_size=ARENA_BYTES)
                return
            except RuntimeError:
                pass
        self._take_reference(_why_not(bytes(log)))

    def _take_reference(self, reason: str) -> None:
        check_operators(self._graph)
        self.name = f"the numpy reference, since {NAME} {reason}"
        self._interpreter = _Reference(self._graph)

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
        output = self.run_all(images)[0]
        if output.dtype != np.int8:
            raise VerifyError(f"TFLM's output is {output.dtype}, expected int8, uint8 or float32")
        return output

    def run_all(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """All outputs, flat: int8 each, but where an ARG_MAX makes it the class, or one for each pixel."""
        for index, (image, tensor) in enumerate(zip(images, self._inputs, strict=True)):
            details = self._interpreter.get_input_details(index)
            values = _from_int8(np.asarray(image, np.int8), tensor, np.dtype(details["dtype"]))
            self._interpreter.set_input(values.reshape(details["shape"]), index)
        with _standard_error() as log:
            try:
                self._interpreter.invoke()
                failed = False
            except RuntimeError:  # as an ARG_MAX of int64
                failed = True
        if failed:
            self._take_reference(_why_not(bytes(log)))
            return self.run_all(images)
        outputs = (self._interpreter.get_output(index) for index in range(len(self._outputs)))
        return [_to_int8(values, tensor) for values, tensor in zip(outputs, self._outputs, strict=True)]

    def input_values(self, index: int) -> int:
        """How many values that input has."""
        return math.prod(self._interpreter.get_input_details(index)["shape"].tolist())

    def arena_bytes(self) -> int:
        """The arena that TFLM has taken, to be asked after a `run`.

        A little more than on a board, where the pointers in TFLM's own structures have half the size.
        """
        with _standard_error() as log:
            self._interpreter.print_allocations()
        found = re.search(rb"Arena allocation total (\d+) bytes", log)
        if not found:
            raise ToolError("tflite-micro did not tell the size of its arena")
        return int(found[1])


def _why_not(log: bytes) -> str:
    """Why TFLM cannot run a model, from what it wrote."""
    if lacking := sorted({found.decode() for found in re.findall(rb"builtin opcode '(\w+)'", log)}):
        return f"has no {' and no '.join(lacking)}"
    node = re.search(rb"Node (\w+) \(number (\d+)", log)
    return (
        "cannot run the file" if node is None else f"cannot run operator {int(node[2])} ({node[1].decode()})"
    )


class _Reference:
    """The numpy reference with those methods of tflite-micro's interpreter that an Oracle needs; all int8."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._images: dict[int, np.ndarray] = {}
        self._outputs: list[np.ndarray] = []

    def get_input_details(self, index: int) -> dict[str, Any]:
        return _details(self._graph.inputs[index])

    def get_output_details(self, index: int) -> dict[str, Any]:
        return _details(self._graph.outputs[index])

    def set_input(self, image: np.ndarray, index: int) -> None:
        self._images[index] = image

    def invoke(self) -> None:
        values = run_graph(self._graph, [self._images[index] for index in range(len(self._graph.inputs))])
        self._outputs = [values[tensor] for tensor in self._graph.outputs]

    def get_output(self, index: int) -> np.ndarray:
        return self._outputs[index]

    def print_allocations(self) -> None:
        """It has no arena."""


def _details(tensor: Tensor) -> dict[str, Any]:
    scales = {"scales": tensor.scale, "zero_points": np.array([tensor.zero_point])}
    return {
        "shape": np.array(tensor.full_shape),
        "dtype": np.int8,
        "quantization_parameters": scales,
    }


@contextmanager
def _standard_error() -> Iterator[bytearray]:
    """What TFLM writes to the standard error of the process, known behind the block."""
    written = bytearray()
    with tempfile.TemporaryFile() as log:
        try:
            with standard_error_to(log):
                yield written
        finally:
            log.seek(0)
            written += log.read()


def _from_int8(values: np.ndarray, tensor: Tensor, dtype: np.dtype[Any]) -> np.ndarray:
    """What TFLM takes for int8 `values` of the tensor; it quantises real ones to the same again."""
    if dtype == np.float32:
        return tensor.dequantize(values)
    return values if dtype == np.int8 else (values.view(np.uint8) ^ 0x80)


def _to_int8(values: np.ndarray, tensor: Tensor) -> np.ndarray:
    if values.dtype == np.float32:
        return tensor.quantize(values).ravel()
    if values.dtype not in (np.int8, np.uint8):
        return values.ravel().copy()
    return (values.copy() if values.dtype == np.int8 else (values ^ 0x80).view(np.int8)).ravel()
