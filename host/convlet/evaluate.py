"""Runs `.tflite` models on the host as TensorFlow Lite does, to measure how often they are right."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convlet.datasets import Images, Labels
from convlet.quantization import quantize
from convlet.tensorflow_import import import_tensorflow


@dataclass(frozen=True)
class Quantization:
    """real = scale * (stored - zero_point)"""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class Int8Result:
    """What an int8 model answered. outputs: int8[N, ...]; `interpreter` says which program ran it."""

    outputs: NDArray[np.int8]
    input: Quantization
    output: Quantization
    interpreter: str


def run_float(model: bytes, images: Images) -> NDArray[np.float32]:
    """The outputs of a float `.tflite` of batch 1 for each of `images`."""
    interpreter = _tensorflow_interpreter(model)
    return _run_each(interpreter, images)


def run_int8(model: bytes, images: Images) -> Int8Result:
    """The outputs of an int8 `.tflite` of batch 1: by tflite-micro, or TensorFlow where that is missing."""
    try:
        from tflite_micro import runtime
    except ImportError:
        return _run_int8_tensorflow(model, images)
    interpreter = runtime.Interpreter.from_bytes(model)
    to = _micro_quantization(interpreter.get_input_details(0))
    outputs = []
    for sample in quantize(images, to.scale, to.zero_point):
        interpreter.set_input(sample[np.newaxis], 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0)[0])
    output = _micro_quantization(interpreter.get_output_details(0))
    return Int8Result(np.array(outputs), to, output, "tflite-micro")


def _micro_quantization(details: Any) -> Quantization:
    parameters = details["quantization_parameters"]
    return Quantization(float(parameters["scales"][0]), int(parameters["zero_points"][0]))


def _run_int8_tensorflow(model: bytes, images: Images) -> Int8Result:
    interpreter = _tensorflow_interpreter(model)
    to = Quantization(*interpreter.get_input_details()[0]["quantization"])
    outputs = _run_each(interpreter, quantize(images, to.scale, to.zero_point))
    output = Quantization(*interpreter.get_output_details()[0]["quantization"])
    return Int8Result(outputs, to, output, "TensorFlow Lite reference kernels")


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
    """The share of rows of `outputs` whose largest value is at the index in `labels`."""
    return float(np.mean(outputs.argmax(axis=1) == labels))


def confusion_matrix(outputs: NDArray[Any], labels: Labels, classes: int) -> NDArray[np.int64]:
    """int64[true class, predicted class]: how often each true class got each prediction."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, outputs.argmax(axis=1)), 1)
    return counts
