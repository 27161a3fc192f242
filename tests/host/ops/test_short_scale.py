"""Requantisation by two short products gives TFLM's value for every sum that can be."""

import numpy as np
import pytest
from convlet.format import NO_SHORT_SCALE, SCALE
from convlet.ops.requantization import Requantization
from convlet.ops.short_scale import Sums, all_are_short, scale_table
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


def wrapped(values):
    """As numbers of 32 bits."""
    return np.asarray(values, np.int64).astype(np.int32).astype(np.int64)


def short_values(scale, sums):
    """The formula of format.SCALE in arithmetic of 32 bits, and the value as int8."""
    s = np.clip(sums, scale["least"], scale["most"])
    low = wrapped((s >> 3) * scale["low"]) >> 13
    unsigned = s % 2**32
    whole = wrapped(wrapped(s * scale["high"]) + low - (unsigned >> 18) + scale["offset"])
    return (whole >> scale["shift"]).astype(np.int8)


def exact_values(wanted, channel, sums, zero_point, clamp):
    values = requantize(sums, wanted.multiplier[channel], wanted.shift[channel]) + zero_point
    return values.clip(*clamp)


@pytest.mark.parametrize("zero_point", [-128, 0, 77])
@pytest.mark.parametrize("clamp", [(-128, 127), (-128, 100), (-3, 5), (7, 7), (-128, -128)])
def test_every_sum_gives_the_value_of_the_reference(zero_point, clamp):
    reals = np.random.default_rng(1).uniform(0.0005, 0.02, 12)
    sums = np.arange(-60000, 60001)
    records, wanted = table_of(reals, -60000, 60000, zero_point, clamp)
    short = [(channel, scale) for channel, scale in enumerate(records) if scale["shift"] != NO_SHORT_SCALE]
    assert len(short) >= 10
    for channel, scale in short:
        exact = exact_values(wanted, channel, sums, zero_point, clamp)
        np.testing.assert_array_equal(short_values(scale, sums), exact)


@pytest.mark.parametrize("seed", range(6))
def test_sums_and_multipliers_of_any_size_give_the_value_of_the_reference(seed):
    """Of ranges too great to try all sums: their ends, and those near every threshold."""
    chance = np.random.default_rng(seed)
    zero_point = int(chance.integers(-128, 128))
    found = 0
    for _ in range(40):
        real = 2.0 ** chance.uniform(-26, -1)
        least, most = (int(sign * 2 ** chance.uniform(4, 30.9)) for sign in (-1, 1))
        (scale,), wanted = table_of([real], least, most, zero_point)
        if scale["shift"] == NO_SHORT_SCALE:
            continue
        found += 1
        thresholds = ((np.arange(-256, 257) - 0.5) / real)[:, None] + np.arange(-3, 4)
        sums = np.append(thresholds.ravel().clip(least, most).astype(np.int64), [least, most, 0])
        np.testing.assert_array_equal(
            short_values(scale, sums), exact_values(wanted, 0, sums, zero_point, (-128, 127))
        )
    assert found >= 20


def test_halves_of_both_roundings_are_met():
    """A power of two puts every second threshold on a half."""
    sums = np.arange(-30000, 30001)
    for real in (2.0**-9, 2.0**-5, 2.0**-1):
        for zero_point in (-128, 0, 77):
            (scale,), wanted = table_of([real], -30000, 30000, zero_point)
            assert scale["shift"] != NO_SHORT_SCALE
            exact = exact_values(wanted, 0, sums, zero_point, (-128, 127))
            np.testing.assert_array_equal(short_values(scale, sums), exact)


def test_one_threshold_or_none_needs_no_factor_of_the_multiplier():
    """However small the multiplier is, the sum itself tells on which side of a threshold it is."""
    sums = np.arange(-70000, 70001)
    for real, values in ((1.0e-5, {9, 10}), (1.0e-6, {9}), (2.0**-31, {9})):
        (scale,), wanted = table_of([real], -10000, 70000, zero_point=9)
        assert scale["shift"] == 3 and scale["high"] == 8
        inside = sums[sums >= -10000]
        exact = exact_values(wanted, 0, inside, 9, (-128, 127))
        assert set(exact.tolist()) == values
        np.testing.assert_array_equal(short_values(scale, inside), exact)


def test_a_channel_without_a_proof_keeps_the_reference():
    (scale,), wanted = table_of([3e-5], -(2**26), 2**26, zero_point=9, bias=-5)
    zeros = dict.fromkeys(("least", "most", "high", "low", "offset", "reserved"), 0)
    kept = {"bias": -5, "multiplier": wanted.multiplier[0], "right": -wanted.shift[0]}
    assert scale == zeros | kept | {"shift": NO_SHORT_SCALE}


def test_sums_that_32_bits_do_not_hold_have_no_proof():
    for least, most in ((-(2**31), 0), (0, 2**31)):
        (scale,), _ = table_of([1e-9], least, most)
        assert scale["shift"] == NO_SHORT_SCALE


def test_a_table_tells_whether_all_its_channels_are_proved():
    short, none = (SCALE.pack(**table_of([real], -(2**26), 2**26)[0][0]) for real in (0.01, 3e-5))
    assert all_are_short(short + short)
    assert not all_are_short(short + none) and not all_are_short(none + short)


def test_the_range_of_sums_is_that_of_the_weights():
    weights = np.array([[1, -2], [3, 0]], np.int8)
    sums = Sums.of(weights, np.array([10, -10]))
    assert sums.least.tolist() == [10 - 128 - 2 * 127, -10 - 3 * 128]
    assert sums.most.tolist() == [10 + 127 + 2 * 128, -10 + 3 * 127]
