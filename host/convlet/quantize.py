"""From a Keras model or a float `.tflite` to int8 `.tflite`, with the ranges seen on representative data."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tflite as tflite_schema
from numpy.typing import NDArray

from convlet import converter, errors
from convlet.errors import ConvletError, ModelError
from convlet.files import read_file, write_atomic
from convlet.progress import SILENT, Progress
from convlet.tensorflow_import import require_tensorflow

MIN_MAX = "min-max"  # the calibration that TensorFlow's converter has


@dataclass(frozen=True)
class Quantized:
    """The int8 `.tflite`, and the float one of the same model."""

    tflite: bytes
    float_tflite: bytes


def quantize(
    model_path: Path,
    samples: NDArray[np.float32],
    tflite_path: Path,
    progress: Progress = SILENT,
    calibration: str = MIN_MAX,
) -> Quantized:
    """Write the Keras model or float `.tflite` in `model_path` as int8 `.tflite` (batch 1, int8 in and out).

    samples: float32[N, ...input shape]: inputs as the model will see them, in its own scale. `calibration` is a name of
    `calibration.METHODS`. A Keras model with the ranges from least to greatest value is quantised by TensorFlow's own
    converter; all else by ai-edge-quantizer, which takes float `.tflite` and needs no TensorFlow.
    Raises ConvletError when the samples do not fit, ModelError when the model cannot be converted.

    >>> from convlet.array_files import load_samples
    >>> samples = load_samples(Path("digits.test.npz"))
    >>> made = quantize(Path("digits.float.tflite"), samples, Path("again.tflite"), calibration="mse")
    >>> len(made.tflite) < len(made.float_tflite)
    True
    """
    samples = check_values(samples, "the representative data")
    progress.step(f"Quantising {Path(model_path).name} on {len(samples):,} samples")
    if is_tflite(model_path) or calibration != MIN_MAX:
        # Late, since no model of the zoo needs it: a change of it is no reason to train them again.
        from convlet.edge_quantizer import EdgeQuantizer

        data = float_tflite(model_path, samples)
        quantizer = EdgeQuantizer(data, samples, str(model_path), progress)
        made = Quantized(quantizer.quantize(calibration), data)
    else:
        made = quantize_keras(model_path, samples)
    write_atomic(tflite_path, made.tflite)
    return made


def is_tflite(path: Path) -> bool:
    """Whether the name is that of a `.tflite` file; all others are Keras models."""
    return Path(path).suffix == ".tflite"


def float_tflite(path: Path, samples: NDArray[np.float32]) -> bytes:
    """The float `.tflite` at `path`, or of the Keras model there. Raises as `quantize` does."""
    if is_tflite(path):
        return read_file(path, "a float .tflite")
    return _convert(path, samples, ["float"])["float"]


def _convert(keras_path: Path, samples: NDArray[np.float32], kinds: list[str]) -> dict[str, bytes]:
    read_file(keras_path, "a Keras model")
    with Converter() as converter:
        return converter.convert(keras_path, samples, kinds)


def quantize_keras(keras_path: Path, samples: NDArray[np.float32]) -> Quantized:
    """By TensorFlow's converter, with the ranges from least to greatest value. Raises as `quantize` does."""
    made = _convert(keras_path, samples, ["float", "int8"])
    if left := float_operators(made["int8"]):
        raise ModelError(
            f"TensorFlow leaves {', '.join(left)} of {keras_path} in float, since it has no int8 form; "
            "use another layer instead (for an activation: ReLU, sigmoid or tanh)"
        )
    return Quantized(made["int8"], made["float"])


def float_operators(data: bytes) -> list[str]:
    """The names of the operators in the `.tflite` file `data` that compute in float."""
    model = tflite_schema.Model.GetRootAs(data, 0)
    graph = model.Subgraphs(0)
    names = []
    for operator in (graph.Operators(i) for i in range(graph.OperatorsLength())):
        name = tflite_schema.opcode2name(model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode())
        types = [graph.Tensors(operator.Outputs(i)).Type() for i in range(operator.OutputsLength())]
        if tflite_schema.TensorType.FLOAT32 in types and name != "DEQUANTIZE":
            names.append(name)
    return names


class Converter:
    """TensorFlow's converter in a process of its own, since some graphs crash it. It does one conversion.

    It starts at once and loads TensorFlow, which takes seconds, while the caller does other work.
    """

    def __enter__(self) -> Converter:
        require_tensorflow()
        self._process = subprocess.Popen(
            [sys.executable, "-m", converter.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.communicate()

    def convert(self, keras_path: Path, samples: NDArray[np.float32], kinds: list[str]) -> dict[str, bytes]:
        """The `.tflite` bytes of each of `kinds` ("float", "int8"). samples: float32[N, ...input shape]."""
        with tempfile.TemporaryDirectory(prefix="convlet-") as name:
            folder = Path(name)
            np.save(folder / converter.SAMPLES, samples)
            job = json.dumps({"keras": str(keras_path), "folder": name, "kinds": kinds})
            _, log = self._process.communicate(job)
            if self._process.returncode != 0:
                raise _failure(keras_path, folder, self._process.returncode, log)
            return {kind: (folder / converter.RESULTS[kind]).read_bytes() for kind in kinds}


def _failure(keras_path: Path, folder: Path, code: int, log: str) -> ConvletError:
    report = folder / converter.ERROR
    if report.exists():
        found = json.loads(report.read_text())
        error: ConvletError = getattr(errors, found["type"])(found["message"])
        return error
    return ModelError(
        f"TensorFlow's converter crashed ({_exit_text(code)}) on {keras_path}: it has a layer that cannot be "
        f"converted; recurrent ones (GRU, LSTM) are known for it. {_reason_in(log)}".rstrip()
    )


def _reason_in(log: str) -> str:
    """The last line of the converter's log that speaks of an error, if there is one."""
    telling = [
        line.strip() for line in log.splitlines() if re.search(r"error|check failed|fatal", line, re.I)
    ]
    return telling[-1] if telling else ""


def _exit_text(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def check_values(values: NDArray[np.generic], what: str) -> NDArray[np.float32]:
    """`values` as float32. Raises ConvletError, calling them `what`, unless all are finite numbers."""
    if values.dtype.kind not in "fiu":
        raise ConvletError(f"{what} holds {values.dtype} values, expected numbers")
    if values.ndim < 2 or values.size == 0:
        raise ConvletError(f"{what} has shape {list(values.shape)}, expected [N, ...input shape] with N > 0")
    with np.errstate(over="ignore"):  # too large for float32: infinite, and refused below
        numbers = values.astype(np.float32)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        where = tuple(int(index) for index in bad[0])
        raise ConvletError(
            f"{what} holds {len(bad)} values that are NaN or infinite, the first at index {where}; "
            "quantisation needs finite numbers"
        )
    return numbers
