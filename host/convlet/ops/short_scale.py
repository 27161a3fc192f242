"""Requantisation with two short products instead of one of 64 bits, proved for each channel that has it.

TFLM's value of a sum is a staircase: it rises by 1 at some 255 thresholds between which it stays, and the activation
cuts it off. Any other function that never falls gives the same values for all sums if it does so on both sides of every
threshold. `((s * high + ((s >> 6) * low >> 10)) + offset) >> shift` never falls; the thresholds say between which
offsets it is right, and a channel for which there is none keeps TFLM's way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convlet.format import SCALE
from convlet.ops.requantization import Requantization
from convlet.quantization import INT8_MAX, INT8_MIN, requantize

_LIMIT = 2**31
_SHIFTS = range(30, 7, -1)
_TWICE_ROUNDED = 32  # added to the shift of a channel that keeps TFLM's way
_LOW_BITS = 16
_NEAR = np.arange(-4, 5)  # from an estimated threshold


@dataclass(frozen=True)
class Sums:
    """Of each channel int64[C]: its bias, and the least and the greatest sum, with the bias, of any image."""

    bias: np.ndarray
    least: np.ndarray
    most: np.ndarray

    @staticmethod
    def of(weights: np.ndarray, bias: np.ndarray) -> Sums:
        """Of weights int8[C, ...] and values of int8."""
        flat = weights.reshape(len(weights), -1).astype(np.int64)
        ends = flat * INT8_MIN, flat * INT8_MAX
        return Sums(bias, bias + np.minimum(*ends).sum(axis=1), bias + np.maximum(*ends).sum(axis=1))


def scale_table(requantization: Requantization, sums: Sums, zero_point: int) -> bytes:
    """A SCALE record for each channel, of shifts below 0; with an odd number of them the last one is there twice."""
    thresholds = _thresholds(requantization, zero_point)
    levels = np.arange(requantization.clamp_min + 1, requantization.clamp_max + 1)
    records = []
    for channel, bias in enumerate(sums.bias):
        multiplier, shift = int(requantization.multiplier[channel]), int(requantization.shift[channel])
        ends = int(sums.least[channel]), int(sums.most[channel])
        short = _short_scale(multiplier, shift, ends, thresholds[channel], levels)
        fields = short or {
            "high": multiplier,
            "low": 0,
            "offset": zero_point,
            "shift": _TWICE_ROUNDED - shift,
        }
        records.append(SCALE.pack(bias=int(bias), **fields))
    return b"".join(records + records[-1:] * (len(records) % 2))


def _thresholds(requantization: Requantization, zero_point: int) -> np.ndarray:
    """int64[C, levels]: the least sum that gives the level, for those above the lower clamp. Raises AssertionError when
    that is not what was found.
    """
    levels = np.arange(requantization.clamp_min + 1, requantization.clamp_max + 1) - zero_point
    multiplier, shift = requantization.multiplier[:, None, None], requantization.shift[:, None, None]
    real = np.maximum(multiplier, 1) * 2.0 ** (shift - 31)
    guess = np.ceil((levels[:, None] - 0.5) / real)
    near = guess.clip(1 - _LIMIT + 8, _LIMIT - 9).astype(np.int64) + _NEAR
    reached = requantize(near, multiplier, shift) >= levels[:, None]
    first = reached.argmax(axis=2)
    found = np.take_along_axis(near, first[..., None], axis=2)[..., 0]
    # Out of reach of any sum where no step is near.
    never = ~reached.any(axis=2)
    always = reached.all(axis=2)
    return np.where(never, _LIMIT, np.where(always, -_LIMIT, found))


def _short_scale(
    multiplier: int, shift: int, ends: tuple[int, int], thresholds: np.ndarray, levels: np.ndarray
) -> dict[str, int] | None:
    """Fields of a SCALE that is right for all sums between the ends, or None where none is found."""
    least, most = ends
    if multiplier <= 0 or max(-least, most) >= _LIMIT:
        return None
    # Sums on both sides of each threshold, as far as there are such sums.
    at = thresholds.clip(least, most)[thresholds <= most]
    before = (thresholds - 1).clip(least, most)[thresholds > least]
    for right in _SHIFTS:
        whole = multiplier << right  # of 2^(31 - shift)
        high = whole >> (31 - shift)
        low = (whole >> (31 - shift - _LOW_BITS)) & 0xFFFF if 31 - shift >= _LOW_BITS else 0
        if not _fits(least, high, low) or not _fits(most, high, low):
            continue
        steps = levels << right
        lowest = max((steps[thresholds <= most] - _product(at, high, low)).tolist(), default=-_LIMIT)
        highest = min((steps[thresholds > least] - _product(before, high, low)).tolist(), default=_LIMIT) - 1
        if lowest > highest:
            return None  # a smaller shift is less exact
        offset = (lowest + highest) // 2
        sums = [int(_product(np.array(end), high, low)) + offset for end in ends]
        if all(-_LIMIT <= value < _LIMIT for value in (offset, *sums)):
            return {"high": high, "low": low, "offset": offset, "shift": right}
    return None


def _product(sums: np.ndarray, high: int, low: int) -> np.ndarray:
    return sums * high + ((sums >> 6) * low >> 10)


def _fits(end: int, high: int, low: int) -> bool:
    """Whether no part of the product for this sum leaves 32 bits."""
    parts = end * high, (end >> 6) * low, end * high + ((end >> 6) * low >> 10)
    return all(-_LIMIT <= part < _LIMIT for part in parts)
