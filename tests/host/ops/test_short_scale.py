"""Requantisation by two short products gives TFLM's value for every sum that can be."""

import numpy as np
import pytest
from convlet.format import SCALE
from convlet.ops.requantization import Requantization
from convlet.ops.short_scale import Sums, scale_table
from convlet.quantization import quantize_multiplier, requantize


def table_of(reals, least, most, zero_point=0, clamp=(-128, 127), bias=0):
    """The records for one channel for each real multiplier, and their requantisation."""
    pairs = [quantize_multiplier(real) for real in reals]
    multiplier, shift = (np.array(values) for values in zip(*pairs, strict=True))
    count = len(reals)
    wanted = Requantization(np.zeros(count), multiplier, shift, *clamp)
    sums = Sums(np.full(count, bias), np.full(count, least), np.full(count, most))
    data = scale_table(wanted, sums, zero_point)
    assert len(data) == SCALE.size * (count + count % 2)
    return [SCALE.unpack(data, SCALE.size * c) for c in range(count)], wanted


def short_value(scale, sums):
    """What engine/pairs.c computes, without wrapping: no part may leave 32 bits."""
    parts = [sums * scale["high"], (sums >> 6) * scale["low"]]
    parts.append(parts[0] + (parts[1] >> 10) + scale["offset"])
    assert all(abs(part).max() < 2**31 for part in parts)
    return parts[2] >> scale["shift"]


@pytest.mark.parametrize("zero_point", [-128, 0, 77])
@pytest.mark.parametrize("clamp", [(-128, 127), (-128, 100), (-3, 5), (7, 7)])
def test_every_sum_gives_the_value_of_the_reference(zero_point, clamp):
    reals = np.random.default_rng(1).uniform(0.0005, 0.02, 12)
    sums = np.arange(-60000, 60001)
    records, wanted = table_of(reals, -60000, 60000, zero_point, clamp)
    short = [(channel, scale) for channel, scale in enumerate(records) if scale["shift"] < 32]
    assert len(short) >= 4 or zero_point != -128
    for channel, scale in short:
        exact = requantize(sums, wanted.multiplier[channel], wanted.shift[channel]) + zero_point
        np.testing.assert_array_equal(short_value(scale, sums).clip(*clamp), exact.clip(*clamp))


def test_halves_of_both_roundings_are_met():
    """A power of two puts every second threshold on a half."""
    sums = np.arange(-30000, 30001)
    for real in (2.0**-9, 2.0**-5):
        (scale,), wanted = table_of([real], -30000, 30000, zero_point=-128)
        assert scale["shift"] < 32
        exact = (requantize(sums, wanted.multiplier, wanted.shift) - 128).clip(-128, 127)
        np.testing.assert_array_equal(short_value(scale, sums).clip(-128, 127), exact)


def test_a_channel_without_a_proof_keeps_the_reference():
    (scale,), wanted = table_of([3e-5], -(2**26), 2**26, zero_point=9, bias=-5)
    kept = {"bias": -5, "high": wanted.multiplier[0], "low": 0, "offset": 9, "shift": 32 - wanted.shift[0]}
    assert scale == kept


def test_the_range_of_sums_is_that_of_the_weights():
    weights = np.array([[1, -2], [3, 0]], np.int8)
    sums = Sums.of(weights, np.array([10, -10]))
    assert sums.least.tolist() == [10 - 128 - 2 * 127, -10 - 3 * 128]
    assert sums.most.tolist() == [10 + 127 + 2 * 128, -10 + 3 * 127]
