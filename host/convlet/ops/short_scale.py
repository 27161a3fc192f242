"""Requantisation with two short products instead of one of 64 bits, proved for each channel that has it.

TFLM's value of a sum is a staircase: it rises by 1 at some 255 thresholds between which it stays, and the activation
cuts it off. Any other function gives the same values for all sums if it never falls, and does so on both sides of every
threshold. That of format.SCALE never falls; the thresholds say between which offsets it is right, and a channel for
which there is none keeps TFLM's way.

Sums beyond the first and the last threshold are clamped, since the activation cuts off there: what is left is small, so
that 32 bits hold it with many bits behind the point. TFLM rounds halves away from zero, which moves the thresholds of
negative sums by one unit of its first rounding: -(s >>> 18) is 0 for those above, and -2^14 for those below.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from convlet.format import NO_SHORT_SCALE, SCALE
from convlet.ops.requantization import Requantization
from convlet.quantization import INT8_MAX, INT8_MIN, requantize

_LIMIT = 2**31
_SHIFTS = range(24, 7, -1)  # with more, an int8 value and what is behind the point need more than 32 bits
_LOW_BITS = 16
_DROPPED = 3  # bits of the sum that the lower product does without
_SIGN = 18
# Else the lower product, which may fall by 4, and the sign's part, by 1, could make the whole fall.
_LEAST_HIGH = 6
_ONE_STEP = ((3, 8, 0),)  # where one threshold is passed, or none: the sum itself tells on which side it is
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
    records = []
    for channel, bias in enumerate(sums.bias):
        multiplier, right = int(requantization.multiplier[channel]), -int(requantization.shift[channel])
        ends = int(sums.least[channel]), int(sums.most[channel])
        short = _short_scale(multiplier, right, ends, thresholds[channel], requantization.clamp_min)
        fields = short or {"least": 0, "most": 0, "high": 0, "low": 0, "offset": 0, "shift": NO_SHORT_SCALE}
        records.append(SCALE.pack(bias=int(bias), multiplier=multiplier, right=right, reserved=0, **fields))
    return b"".join(records + records[-1:] * (len(records) % 2))


def all_are_short(table: bytes) -> bool:
    """Whether all records of a scale table have the short form."""
    records = range(0, len(table), SCALE.size)
    return all(SCALE.unpack(table, at)["shift"] != NO_SHORT_SCALE for at in records)


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
    multiplier: int, right: int, ends: tuple[int, int], thresholds: np.ndarray, clamp_min: int
) -> dict[str, int] | None:
    """Fields of a SCALE that is right for all sums between the ends, or None where none is found.

    Args: `thresholds` int64[levels], the least sums that give clamp_min + 1, clamp_min + 2 and so on.
    """
    least, most = ends
    if multiplier <= 0 or max(-least, most) >= _LIMIT:
        return None
    passed = thresholds[(thresholds > least) & (thresholds <= most)]
    # From just below the first of them to the last; where none is passed, all sums give the same value.
    least, most = (int(passed[0]) - 1, int(passed[-1])) if passed.size else (least, least)
    starts, stops = np.append(least, passed), np.append(passed - 1, most)  # of the steps of the staircase
    values = clamp_min + np.searchsorted(thresholds, starts, side="right")
    next_values = clamp_min + np.searchsorted(thresholds, stops, side="right") + 1
    factors = _factors(multiplier, right) if passed.size > 1 else _ONE_STEP
    for shift, high, low in factors:
        if max(abs((end >> _DROPPED) * low) for end in (least, most)) >= _LIMIT:
            continue
        lowest = int(((values << shift) - _scaled(starts, high, low)).max())
        highest = int(((next_values << shift) - _scaled(stops, high, low)).min()) - 1
        if lowest <= highest:
            offset = ((lowest + highest) // 2 + _LIMIT) % (2 * _LIMIT) - _LIMIT  # as the sum, modulo 2^32
            fields = ("least", "most", "high", "low", "offset", "shift")
            return dict(zip(fields, (least, most, high, low, offset, shift), strict=True))
    return None


def _factors(multiplier: int, right: int) -> Iterator[tuple[int, int, int]]:
    """Shifts, and the factor multiplier * 2^(shift - 31 - right) as high + low * 2^-16, the most exact first."""
    for shift in _SHIFTS:
        lost_bits = 31 + right - shift - _LOW_BITS  # of the multiplier
        if lost_bits >= 0:
            factor = (multiplier + (1 << lost_bits >> 1)) >> lost_bits
            low = (factor + 0x8000) % 0x10000 - 0x8000
            high = (factor - low) >> _LOW_BITS
            if _LEAST_HIGH <= high < _LIMIT:
                yield shift, high, low


def _scaled(sums: np.ndarray, high: int, low: int) -> np.ndarray:
    """What SCALE makes of clamped sums, before the offset is added."""
    lower = (sums >> _DROPPED) * low >> (_LOW_BITS - _DROPPED)
    return sums * high + lower - ((sums % 2**32) >> _SIGN)
