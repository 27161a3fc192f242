"""A float `.tflite` in LiteRT's interpreter, with every tensor that its operators make."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray

from convlet.converter import check_samples
from convlet.errors import ModelError, ToolError
from convlet.file_kinds import TFLITE, kind_of


class FloatModel:
    """A float `.tflite` of one input and batch 1. `computed` names the tensors that it computes, the input first.

    Raises ModelError when it is none, ToolError when neither ai-edge-litert nor TensorFlow is installed.
    """

    def __init__(self, data: bytes, what: str = "the model") -> None:
        if kind_of(data) != TFLITE:
            raise ModelError(f"{what}: not {TFLITE}: found {kind_of(data)}")
        self.what = what
        interpreter = _interpreter_module()
        try:
            # Without XNNPACK, which runs several operators as one and leaves no tensor between them.
            self._interpreter: Any = interpreter.Interpreter(
                model_content=data,
                experimental_op_resolver_type=interpreter.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                experimental_preserve_all_tensors=True,
            )
            self._interpreter.allocate_tensors()
            self.operators = _operators(data)
        except Exception as error:  # of a damaged file LiteRT raises whatever
            raise ModelError(f"{what} cannot be run by LiteRT: {error}") from error
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if len(inputs) != 1 or inputs[0]["dtype"] != np.float32:
            found = ", ".join(np.dtype(each["dtype"]).name for each in inputs)
            raise ModelError(f"{what} has inputs of {found}, expected one of float32: a float .tflite")
        tensors = self._interpreter.get_tensor_details()
        self._indices = {each["name"]: each["index"] for each in tensors}
        self._shapes = {each["name"]: each["shape"] for each in tensors}
        self.input_shape = tuple(int(size) for size in inputs[0]["shape"])
        self.input, self.output = inputs[0]["name"], outputs[0]["name"]
        self.computed = [self.input, *(name for names in self.operators for name in names)]

    def run(self, sample: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """All computed float tensors for `sample`, float32 of the input's shape with or without its batch."""
        interpreter = self._invoke(sample)
        values = {name: interpreter.get_tensor(self._indices[name]) for name in self.computed}
        return {name: value for name, value in values.items() if value.dtype == np.float32}

    def _invoke(self, sample: NDArray[np.float32]) -> Any:
        self._interpreter.set_tensor(self._indices[self.input], sample.reshape(self.input_shape))
        self._interpreter.invoke()
        return self._interpreter

    def size_of(self, name: str) -> int:
        """How many values the tensor has."""
        return int(np.prod(self._shapes[name]))

    def rank_of(self, name: str) -> int:
        """How many axes the tensor has, its batch among them."""
        return len(self._shapes[name])

    def outputs(self, samples: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
        """float32[N, ...output shape]: the first output for each sample."""
        return np.array(
            [self._invoke(sample).get_tensor(self._indices[self.output])[0] for sample in samples]
        )

    def check_samples(self, samples: NDArray[np.float32]) -> None:
        """Raises ConvletError unless they are inputs of the model."""
        if self.input_shape[0] != 1:
            raise ModelError(
                f"{self.what} has batch {self.input_shape[0]}, expected 1: convert it with batch 1"
            )
        check_samples(samples, self.input_shape[1:])


def _operators(data: bytes) -> list[list[str]]:
    """The names of the tensors that each operator makes, in the order of the file."""
    graph = tflite.Model.GetRootAs(data, 0).Subgraphs(0)
    operators = (graph.Operators(i) for i in range(graph.OperatorsLength()))
    return [[graph.Tensors(i).Name().decode() for i in each.OutputsAsNumpy()] for each in operators]


def _interpreter_module() -> Any:
    """LiteRT's, which is small and loads at once, or that of TensorFlow, which is the same."""
    try:
        return importlib.import_module("ai_edge_litert.interpreter")
    except ImportError:
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TensorFlow says that its interpreter will move to LiteRT
            return importlib.import_module("tensorflow.lite.python.interpreter")
    except ImportError as error:
        raise ToolError(
            "running a float .tflite needs the package ai-edge-litert: pip install 'convlet[quantizer]'"
        ) from error
