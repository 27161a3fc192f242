"""Runs `.tflite` models on the host as TensorFlow Lite does, to measure how often they are right."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convlet.datasets import Images, Labels
from convlet.quantization import dequantize, quantize
from convlet.tensorflow_import import import_tensorflow


@dataclass(frozen=True)
class Quantization:
    """real = scale * (stored - zero_point)"""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class Int8Result:
    """What an int8 model answered. outputs: int8[N, ...output shape]; `interpreter` says which program ran it."""

    outputs: NDArray[np.int8]
    input: Quantization
    output: Quantization
    interpreter: str

    @property
    def real_outputs(self) -> NDArray[np.float32]:
        """float32[N, ...output shape]"""
        return dequantize(self.outputs, self.output.scale, self.output.zero_point)


def run_float(model: bytes, images: Images) -> NDArray[np.float32]:
    """The outputs, float32[N, ...output shape], of a float `.tflite` of batch 1 for `images` [N, ...input shape].

    Raises ToolError without TensorFlow.
    """
    return _run_each(_tensorflow_interpreter(model), images)


def run_int8(model: bytes, images: Images) -> Int8Result:
    """The outputs of an int8 `.tflite` of batch 1: by tflite-micro, or TensorFlow where that is missing."""
    if importlib.util.find_spec("tflite_micro") is None:
        interpreter = _tensorflow_interpreter(model)
        name = "TensorFlow Lite's reference kernels"
        [source], [result] = interpreter.get_input_details(), interpreter.get_output_details()
        outputs = _run_each(interpreter, _quantize(images, source))
    else:
        # Late, since it comes with the compiler: a change of that is no reason to train the models in the cache again.
        from convlet.oracle import Oracle

        oracle = Oracle(model)
        name = oracle.name
        source, result = oracle.input_details, oracle.output_details
        outputs = np.array([oracle.run([sample]) for sample in _quantize(images, source)])
    shaped = outputs.reshape(-1, *result["shape"][1:])
    return Int8Result(shaped, _quantization(source), _quantization(result), name)


def _quantize(images: Images, details: dict[str, Any]) -> NDArray[np.int8]:
    to = _quantization(details)
    return quantize(images, to.scale, to.zero_point)


def _quantization(details: dict[str, Any]) -> Quantization:
    """From what an interpreter says of a tensor: those of TensorFlow and TFLM use the same words."""
    parameters = details["quantization_parameters"]
    return Quantization(float(parameters["scales"][0]), int(parameters["zero_points"][0]))


def _tensorflow_interpreter(model: bytes) -> Any:
    lite = import_tensorflow().lite
    kernels = lite.experimental.OpResolverType.BUILTIN_REF
    with warnings.catch_warnings():
        # TensorFlow announces that this class will move to a package of its own.
        warnings.simplefilter("ignore")
        interpreter = lite.Interpreter(model_content=model, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    return interpreter


def _run_each(interpreter: Any, samples: NDArray[Any]) -> NDArray[Any]:
    input_index = interpreter.get_input_details()[0]["index"]
    output_index = interpreter.get_output_details()[0]["index"]
    outputs = []
    for sample in samples:
        interpreter.set_tensor(input_index, sample[np.newaxis])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(output_index)[0])
    return np.array(outputs)


def accuracy(outputs: NDArray[Any], labels: Labels) -> float:
    """How often the largest value is that of the label's class. outputs: [..., classes], labels: int64[...].

    >>> accuracy(np.array([[9, 1], [2, 3]]), np.array([0, 0]))
    0.5
    """
    return float(np.mean(outputs.argmax(axis=-1) == labels))


def confusion_matrix(outputs: NDArray[Any], labels: Labels, classes: int) -> NDArray[np.int64]:
    """int64[true class, predicted class]: how often each true class got each prediction. Arguments: as `accuracy`.

    >>> confusion_matrix(np.array([[9, 1], [2, 3]]), np.array([0, 0]), classes=2).tolist()
    [[1, 1], [0, 0]]
    """
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, outputs.argmax(axis=-1)), 1)
    return counts


def psnr(outputs: NDArray[Any], images: Images) -> float:
    """Peak signal-to-noise ratio in dB of `outputs` for `images` with values from 0 to 1: -10 log10 of the mean squared
    error.
    """
    return float(-10 * np.log10(np.mean(np.square(outputs - images))))
