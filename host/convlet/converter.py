"""Turns a `.keras` file into `.tflite`: the program that `quantize.Converter` runs in a process of its own.

TensorFlow's converter ends the process on some graphs, so it must not run in the caller's. The folder of
the job holds `samples.npy` (float32, representative inputs); the results are left there as `float.tflite` and
`int8.tflite`, and what went wrong as `error.json`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convlet.errors import ConvletError, ModelError
from convlet.tensorflow_import import import_tensorflow

SAMPLES = "samples.npy"
ERROR = "error.json"
RESULTS = {"float": "float.tflite", "int8": "int8.tflite"}


def load_model(tf: Any, path: Path) -> Any:
    """The Keras model in `path`. Raises ModelError when it cannot be loaded or has not exactly one input."""
    try:
        model = tf.keras.models.load_model(path, compile=False)
    except Exception as error:
        raise ModelError(f"{path} is not a Keras model that can be loaded: {first_lines(error)}") from error
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) != 1:
        raise ModelError(f"{path} has {len(inputs)} inputs, expected a model with one")
    return model


def check_samples(samples: NDArray[np.float32], shape: Sequence[int | None]) -> None:
    """Raises ConvletError unless the samples are inputs of `shape`, which is without the batch; None: any size."""
    found = samples.shape[1:]
    fits = len(found) == len(shape) and all(
        want in (None, have) for want, have in zip(shape, found, strict=True)
    )
    if not fits:
        raise ConvletError(
            f"the representative data has shape {_shape_text(found)}, "
            f"the model's input has {_shape_text(shape)} (N: any number of samples)"
        )


def _shape_text(shape: Sequence[int | None]) -> str:
    return f"[{', '.join(['N', *('any' if size is None else str(size) for size in shape)])}]"


def for_one_sample(tf: Any, model: Any, sample_shape: tuple[int, ...]) -> Any:
    """`model` as a TensorFlow function of a batch of 1: with a free batch Flatten becomes SHAPE and PACK."""
    call = tf.function(lambda sample: model(sample, training=False))
    return call.get_concrete_function(tf.TensorSpec((1, *sample_shape), model.inputs[0].dtype, name="input"))


def convert_float(tf: Any, function: Any) -> bytes:
    """`function` as a float32 `.tflite`."""
    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([function]).convert())


def convert_int8(tf: Any, function: Any, samples: NDArray[np.float32]) -> bytes:
    """`function` as a `.tflite` with int8 input, output and arithmetic, for the ranges seen on `samples`."""

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for sample in samples:
            yield [sample[np.newaxis]]

    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def first_lines(error: Exception, count: int = 3) -> str:
    """The first few lines of a long message, as one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:count]) or type(error).__name__


def run_job(tf: Any, keras_path: Path, folder: Path, kinds: list[str]) -> None:
    """Convert `keras_path` into each of `kinds` ("float", "int8"), into `folder`."""
    model = load_model(tf, keras_path)
    samples = np.load(folder / SAMPLES)
    check_samples(samples, model.inputs[0].shape[1:])
    try:
        function = for_one_sample(tf, model, samples.shape[1:])
        if "float" in kinds:
            (folder / RESULTS["float"]).write_bytes(convert_float(tf, function))
        if "int8" in kinds:
            (folder / RESULTS["int8"]).write_bytes(convert_int8(tf, function, samples))
    except Exception as error:
        raise ModelError(f"TensorFlow cannot convert {keras_path}: {first_lines(error)}") from error


def main() -> None:
    """Load TensorFlow, then do the job that comes as a line of JSON; exit code 1: `error.json` says why."""
    tf = import_tensorflow()
    line = sys.stdin.readline()
    if not line:
        return
    job = json.loads(line)
    folder = Path(job["folder"])
    try:
        run_job(tf, Path(job["keras"]), folder, job["kinds"])
    except ConvletError as error:
        report = {"type": type(error).__name__, "message": str(error)}
        (folder / ERROR).write_text(json.dumps(report))
        sys.exit(1)


if __name__ == "__main__":
    main()
