"""Which real values the 256 levels of an int8 tensor stand for: ranges of a float model's tensors, seen on data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convlet.errors import ConvletError
from convlet.float_model import FloatModel
from convlet.progress import SILENT, Progress
from convlet.quantize import MIN_MAX

PERCENTILE = 99.99  # of the values that the range of `percentile` holds
_BINS = 2048
_STEPS = 40  # that `mse` tries for each end of a range
_LEVELS = 255  # steps between the 256 values of int8


@dataclass(frozen=True)
class Histogram:
    """How often a tensor's values fall into each of the equal bins from `low` to `high`; both ends include 0."""

    low: float
    high: float
    counts: NDArray[np.int64]

    @property
    def centres(self) -> NDArray[np.float64]:
        """float64[bins]: the values in the middle of each bin."""
        bins = np.arange(len(self.counts), dtype=np.float64)
        return self.low + (self.high - self.low) / len(bins) * (bins + 0.5)


Range = tuple[float, float]


def min_max(histogram: Histogram) -> Range:
    """All values: nothing saturates. What TFLite's converter does.

    >>> min_max(Histogram(-1.0, 3.0, np.ones(4, np.int64)))
    (-1.0, 3.0)
    """
    return histogram.low, histogram.high


def percentile(histogram: Histogram) -> Range:
    """The middle PERCENTILE of the values; the rest saturates. Finer steps where a few values are far out.

    >>> low, high = percentile(Histogram(0.0, 4.0, np.array([50_000, 50_000, 0, 1])))  # one value is far out
    >>> low, high
    (0.0, 2.0)
    """
    part = (100 - PERCENTILE) / 200
    below = np.cumsum(histogram.counts) / histogram.counts.sum()
    edges = np.linspace(histogram.low, histogram.high, len(histogram.counts) + 1)
    low = edges[int(np.searchsorted(below, part, "right"))]
    high = edges[int(np.searchsorted(below, 1 - part, "left")) + 1]
    return min(float(low), 0.0), max(float(high), 0.0)


def mse(histogram: Histogram) -> Range:
    """The range with the least mean squared error of the values that it rounds and saturates, by search.

    >>> low, high = mse(Histogram(0.0, 4.0, np.array([50_000, 50_000, 0, 1])))
    >>> low == 0 and high <= 4
    True
    """
    shares = np.linspace(1, 0, _STEPS, endpoint=False)
    lows = histogram.low * shares if histogram.low else np.zeros(1)
    highs = histogram.high * shares if histogram.high else np.zeros(1)
    candidates = [(float(low), float(high)) for low in lows for high in highs]
    return min(candidates, key=lambda candidate: _squared_error(histogram, candidate))


def _squared_error(histogram: Histogram, found: Range) -> float:
    low, high = found
    scale = (high - low) / _LEVELS or 1.0
    values = histogram.centres
    rounded = np.clip(np.round(values / scale), np.round(low / scale), np.round(high / scale)) * scale
    return float((histogram.counts * np.square(values - rounded)).sum())


METHODS: Mapping[str, Callable[[Histogram], Range]] = {
    MIN_MAX: min_max,
    "percentile": percentile,
    "mse": mse,
}


def histograms(
    model: FloatModel, samples: NDArray[np.float32], progress: Progress = SILENT
) -> dict[str, Histogram]:
    """The values of each float tensor that the model computes for `samples`, float32[N, ...input shape].

    Raises ConvletError when the samples do not fit, or make the model compute what is no finite number.
    """
    model.check_samples(samples)
    lows: dict[str, float] = {}
    highs: dict[str, float] = {}
    counts: dict[str, NDArray[np.int64]] = {}
    with progress.bar("ranges of the tensors", 2 * len(samples)) as advance:
        for index, sample in enumerate(samples):
            for name, values in model.run(sample).items():
                low, high = float(values.min()), float(values.max())
                if not np.isfinite([low, high]).all():
                    raise ConvletError(
                        f"{model.what} computes {low} to {high} in {name!r} for sample {index}: expected finite numbers"
                    )
                lows[name], highs[name] = min(lows.get(name, 0.0), low), max(highs.get(name, 0.0), high)
            advance(1)
        for sample in samples:
            for name, values in model.run(sample).items():
                found, _ = np.histogram(values, _BINS, (lows[name], max(highs[name], lows[name] + 1e-12)))
                counts[name] = counts.get(name, 0) + found
            advance(1)
    return {name: Histogram(lows[name], highs[name], counts[name]) for name in lows}
