"""The ranges of tensors: found in histograms whose best range is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from convlet.calibration import METHODS, Histogram, histograms, min_max, mse, percentile
from convlet.errors import ConvletError
from convlet.float_model import FloatModel

if TYPE_CHECKING:
    from conftest import Digits


def histogram_of(values: np.ndarray, bins: int = 2048) -> Histogram:
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    return Histogram(low, high, np.histogram(values, bins, (low, high))[0])


@pytest.fixture
def outlier() -> Histogram:
    """A million values from -1 to 1, evenly, and one of 100."""
    return histogram_of(np.append(np.linspace(-1, 1, 1_000_000), 100.0))


def test_min_max_takes_all_values(outlier: Histogram) -> None:
    assert min_max(outlier) == (-1.0, 100.0)


def test_percentile_leaves_out_one_value_in_ten_thousand(outlier: Histogram) -> None:
    low, high = percentile(outlier)
    width = 101 / 2048
    assert low == pytest.approx(-1, abs=width)
    assert high == pytest.approx(1, abs=width)


def test_mse_weighs_the_outlier_against_finer_steps(outlier: Histogram) -> None:
    low, high = mse(outlier)

    def error(found: tuple[float, float]) -> float:
        scale = (found[1] - found[0]) / 255
        values = np.append(np.linspace(-1, 1, 10_000), 100.0)
        weights = np.append(np.full(10_000, 100.0), 1.0)
        rounded = np.round(values.clip(*found) / scale) * scale
        return float((weights * np.square(rounded - values)).sum())

    assert low < -0.9
    assert 1 < high < 100
    assert error((low, high)) < min(error((-1.0, 100.0)), error((-1.0, 1.0)))


def test_without_outliers_all_methods_agree() -> None:
    found = {name: method(histogram_of(np.linspace(0, 6, 100_000))) for name, method in METHODS.items()}
    for low, high in found.values():
        assert low == 0
        assert high == pytest.approx(6, abs=0.01)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("values", [np.zeros(100), np.full(100, 3.0), np.full(100, -3.0)])
def test_constant_tensors_have_a_range_with_zero(name: str, values: np.ndarray) -> None:
    low, high = METHODS[name](histogram_of(values))
    assert low <= 0 <= high
    assert low <= values[0] <= high or values[0] == pytest.approx(high, rel=0.1)


def test_histograms_hold_every_value_of_every_sample(digits: Digits) -> None:
    model = FloatModel((digits.folder / "digits.float.tflite").read_bytes())
    found = histograms(model, digits.images[:7])
    assert list(found) == model.computed
    assert found[model.input].counts.sum() == 7 * 64
    assert (found[model.input].low, found[model.input].high) == (0, digits.images[:7].max())
    outputs = model.outputs(digits.images[:7])
    assert (found[model.output].low, found[model.output].high) == (outputs.min(), outputs.max())


def test_samples_that_overflow_are_named(digits: Digits) -> None:
    model = FloatModel((digits.folder / "digits.float.tflite").read_bytes(), "digits")
    samples = digits.images[:2].copy()
    samples[1] = 3e38
    with pytest.raises(ConvletError, match=re.escape("for sample 1: expected finite numbers")):
        histograms(model, samples)
