"""From a Keras model to `.tflite`: float, and int8 with the ranges seen on representative data."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import tflite as tflite_schema
from numpy.typing import NDArray

from convlet import converter, errors
from convlet.errors import ConvletError, ModelError
from convlet.files import read_file, write_atomic
from convlet.progress import SILENT, Progress
from convlet.tensorflow_import import require_tensorflow

# The name under which an `.npz` with several arrays holds the samples: what `convlet train` writes.
IMAGES = "images"


def quantize(
    keras_path: Path, samples: NDArray[np.float32], tflite_path: Path, progress: Progress = SILENT
) -> None:
    """Write the Keras model in `keras_path` as int8 `.tflite` (batch 1, int8 in and out) to `tflite_path`.

    samples: float32[N, ...input shape]: inputs as the model will see them, in its own scale.
    Raises ConvletError when the samples do not fit, ModelError when the model cannot be converted.
    """
    read_file(keras_path, "a Keras model")
    samples = check_values(samples, "the representative data")
    progress.step(f"Quantising {Path(keras_path).name} on {len(samples):,} samples")
    with Converter() as converter:
        tflite = converter.convert(keras_path, samples, ["int8"])["int8"]
    if left := float_operators(tflite):
        raise ModelError(
            f"TensorFlow leaves {', '.join(left)} of {keras_path} in float, since it has no int8 form; "
            "use another layer instead (for an activation: ReLU, sigmoid or tanh)"
        )
    write_atomic(tflite_path, tflite)


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


def load_samples(path: Path) -> NDArray[np.float32]:
    """Representative inputs from an `.npy` file, or an `.npz` that holds one array or one named "images".

    Raises ConvletError when the file cannot be read, or does not hold finite numbers.
    """
    path = Path(path)
    read_file(path, "representative data")
    try:
        loaded = np.load(path, allow_pickle=False)
        values = loaded if isinstance(loaded, np.ndarray) else _pick(loaded, path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ConvletError(f"{path} is not an .npy or .npz file of numbers: {error}") from error
    return check_values(values, str(path))


def _pick(archive: np.lib.npyio.NpzFile, path: Path) -> NDArray[np.generic]:
    with archive:
        names = archive.files
        name = names[0] if len(names) == 1 else IMAGES
        if name not in names:
            raise ConvletError(
                f"{path} holds {len(names)} arrays ({', '.join(names)}), "
                f'expected one, or one named "{IMAGES}"'
            )
        picked: NDArray[np.generic] = archive[name]
        return picked


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
