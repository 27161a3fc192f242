"""Sums of two rescaled int8 values as one integer expression, which a processor computes with two products."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_MOST_SHIFT = 24
_SHIFTS = 4  # so many of them are tried
_GROWTHS = (2.0**-20, 2.0**-18, 2.0**-16)


@dataclass(frozen=True)
class WeightedSum:
    """(a * weight_a + b * weight_b + constant) >> shift; no part of it leaves 32 bits."""

    weight_a: int
    weight_b: int
    constant: int
    shift: int


def find_weighted_sum(
    wanted: np.ndarray, b_values: np.ndarray, ratios: tuple[float, float], clamp: tuple[int, int]
) -> WeightedSum | None:
    """A weighted sum that, clamped, gives `wanted` for all int8 a (first axis) and all `b_values` (second).

    Where `wanted` is not clamped, wanted * 2^shift <= sum < (wanted + 1) * 2^shift; these bounds together leave
    an interval for the constant. `ratios` are the real weights. None where the interval is always empty.
    """
    a, b = np.meshgrid(np.arange(-128, 128), b_values.astype(np.int64), indexing="ij")
    not_lowest, not_highest = wanted > clamp[0], wanted < clamp[1]
    for shift, weight_a, weight_b in _candidates(ratios):
        weighted = a * weight_a + b * weight_b
        rest = (wanted << shift) - weighted
        least = int(rest[not_lowest].max(initial=-(2**31)))
        most = int(rest[not_highest].min(initial=2**31)) + (1 << shift) - 1
        constant = (least + most) // 2
        if least <= most and abs(weighted).max() + abs(constant) < 2**31:
            return WeightedSum(weight_a, weight_b, constant, shift)
    return None


def _candidates(ratios: tuple[float, float]) -> Iterator[tuple[int, int, int]]:
    """Shifts and weights near the real ones, the finest first.

    Weights a little too great push halves away from zero, as TFLM rounds them.
    """
    whole_bits = int(np.frexp(128 * sum(abs(ratio) for ratio in ratios))[1])
    finest = min(30 - whole_bits, _MOST_SHIFT)
    for shift in range(finest, max(finest - _SHIFTS, 0), -1):
        for growth in _GROWTHS:
            yield shift, *(round(ratio * 2**shift * (1 + growth)) for ratio in ratios)
        nearest_a, nearest_b = (round(ratio * 2**shift) for ratio in ratios)
        for near_a, near_b in itertools.product((0, 1, -1), repeat=2):
            yield shift, nearest_a + near_a, nearest_b + near_b
