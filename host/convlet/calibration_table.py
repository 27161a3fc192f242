"""Calibrations compared: how often the int8 model is right with each choice of ranges, and how near to float it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convlet.calibration import METHODS
from convlet.datasets import Labels
from convlet.edge_quantizer import EdgeQuantizer
from convlet.evaluate import accuracy, run_int8
from convlet.files import read_file
from convlet.float_model import FloatModel
from convlet.progress import SILENT, Progress
from convlet.quantize import MIN_MAX, check_values, is_tflite, quantize_keras
from convlet.signal_to_noise import measure_noise

FLOAT = "float"


@dataclass(frozen=True)
class Choice:
    """A way to quantise: how often it is right on the labelled samples, and its output's signal-to-noise ratio there.

    The first one is the float model itself, whose `snr_db` is infinite. `noisy` counts the layers with a warning.
    """

    quantizer: str
    calibration: str
    accuracy: float
    snr_db: float
    noisy: int
    tflite_bytes: int


def compare(
    model_path: Path,
    samples: NDArray[np.float32],
    test_images: NDArray[np.float32],
    test_labels: Labels,
    progress: Progress = SILENT,
) -> list[Choice]:
    """Quantise the Keras model or float `.tflite` at `model_path` in every way, and measure each on labelled samples.

    samples: float32[N, ...input shape], for the ranges; test_images: the same for the measuring, with int64[N] labels.
    Raises as `quantize.quantize` does.

    >>> from convlet.array_files import load_labelled
    >>> images, labels = load_labelled(Path("digits.test.npz"))
    >>> choices = compare(Path("digits.float.tflite"), images, images, labels)
    >>> [choice.calibration for choice in choices]
    ['float', 'min-max', 'percentile', 'mse']
    """
    samples = check_values(samples, "the representative data")
    progress.step(f"Quantising {Path(model_path).name} in {len(METHODS)} ways on {len(samples):,} samples")
    made: dict[tuple[str, str], bytes] = {}
    if is_tflite(model_path):
        float_tflite = read_file(model_path, "a float .tflite")
    else:
        converted = quantize_keras(model_path, samples)
        float_tflite, made["TensorFlow", MIN_MAX] = converted.float_tflite, converted.tflite
    quantizer = EdgeQuantizer(float_tflite, samples, str(model_path), progress)
    made |= {("ai-edge-quantizer", name): quantizer.quantize(name) for name in METHODS}
    progress.step(f"Measuring on {len(test_images):,} samples")
    model = FloatModel(float_tflite, str(model_path))
    model.check_samples(test_images)
    right = accuracy(model.outputs(test_images), test_labels)
    choices = [Choice("", FLOAT, right, float("inf"), 0, len(float_tflite))]
    for (by, calibration), tflite in made.items():
        right = accuracy(run_int8(tflite, test_images).outputs, test_labels)
        layers = measure_noise(float_tflite, tflite, test_images)
        noisy = sum(layer.is_noisy for layer in layers)
        choices.append(Choice(by, calibration, right, layers[-1].snr_db, noisy, len(tflite)))
    return choices
