"""From a float `.tflite` to int8 without TensorFlow: Google's ai-edge-quantizer, with ranges that we choose."""

from __future__ import annotations

import contextlib
import importlib
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convlet.calibration import METHODS, Histogram, histograms
from convlet.converter import first_lines
from convlet.errors import ModelError, ToolError
from convlet.float_model import FloatModel
from convlet.processes import standard_error_to
from convlet.progress import SILENT, Progress
from convlet.quantize import float_operators


class EdgeQuantizer:
    """A float `.tflite` and what its tensors hold for representative data, ready to be quantised in several ways.

    Raises ConvletError when the samples, float32[N, ...input shape], do not fit, ModelError when the file is no float
    model, ToolError when ai-edge-quantizer is missing.
    """

    def __init__(
        self, data: bytes, samples: NDArray[np.float32], what: str, progress: Progress = SILENT
    ) -> None:
        _import_quantizer()
        self._data, self._what = data, what
        self._model = FloatModel(data, what)
        self._histograms: Mapping[str, Histogram] = histograms(self._model, samples, progress)

    def quantize(self, calibration: str) -> bytes:
        """The int8 `.tflite` (int8 in and out) with the ranges that METHODS[calibration] chooses.

        Weights are int8 with a scale for each channel, and symmetric. Raises ModelError for a model that the quantizer
        cannot quantise throughout.
        """
        quantizer, recipe = _import_quantizer()
        ranges = {name: METHODS[calibration](histogram) for name, histogram in self._histograms.items()}
        try:
            with _quiet():
                made = quantizer.Quantizer(bytearray(self._data), recipe.static_wi8_ai8())
                quantized = bytes(made.quantize(_as_results(self._model, ranges)).quantized_model)
        except Exception as error:  # it raises what it stumbles over
            raise ModelError(
                f"ai-edge-quantizer cannot quantise {self._what}: {first_lines(error)}"
            ) from error
        if left := float_operators(quantized):
            raise ModelError(
                f"ai-edge-quantizer leaves {', '.join(sorted(set(left)))} of {self._what} in float, since it has no "
                "int8 form for it; quantise the .keras model with TensorFlow instead"
            )
        return quantized


def _as_results(model: FloatModel, ranges: Mapping[str, tuple[float, float]]) -> dict[str, dict[str, Any]]:
    """The ranges in the form of the quantizer's own calibration: arrays of one value with the tensor's rank."""
    return {
        name: {
            "min": np.full((1,) * model.rank_of(name), low, np.float32),
            "max": np.full((1,) * model.rank_of(name), high, np.float32),
        }
        for name, (low, high) in ranges.items()
    }


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of what the quantizer and the LiteRT that it runs print."""
    with Path(os.devnull).open("w") as nowhere, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(nowhere), standard_error_to(nowhere):
            yield


def _import_quantizer() -> tuple[Any, Any]:
    try:
        package = "ai_edge_quantizer"
        return importlib.import_module(f"{package}.quantizer"), importlib.import_module(f"{package}.recipe")
    except ImportError as error:
        raise ToolError(
            f"quantising a float .tflite needs ai-edge-quantizer, which cannot be imported ({error}); "
            "install it: pip install 'convlet[quantizer]'"
        ) from error
