import math
import random

import numpy as np
import pytest
from convlet.quantization import activation_range, dequantize, quantize, quantize_multiplier, requantize

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1


# TFLM in scalars, from tensorflow/lite/kernels/internal/common.h and gemmlowp's fixedpoint.h.


def saturating_rounding_doubling_high_mul(a, b):
    if a == b == INT32_MIN:
        return INT32_MAX
    product = a * b
    nudged = product + ((1 << 30) if product >= 0 else 1 - (1 << 30))
    return abs(nudged) // (1 << 31) * (1 if nudged >= 0 else -1)  # C divides towards zero


def rounding_divide_by_pot(x, exponent):
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if x < 0 else 0)
    return (x >> exponent) + (1 if (x & mask) > threshold else 0)


def multiply_by_quantized_multiplier(x, multiplier, shift):
    shifted = (x * (1 << max(shift, 0)) + 2**31) % 2**32 - 2**31  # wraps as int32 does
    return rounding_divide_by_pot(saturating_rounding_doubling_high_mul(shifted, multiplier), max(-shift, 0))


def assert_requantized(values, multiplier, shift):
    found = requantize(np.array(values)[:, None], np.array([multiplier]), np.array([shift]))[:, 0]
    assert found.tolist() == [multiply_by_quantized_multiplier(x, multiplier, shift) for x in values]


EXTREMES = [INT32_MIN, INT32_MIN + 1, -(2**30), -3, -2, -1, 0, 1, 2, 3, 2**30, INT32_MAX - 1, INT32_MAX]


@pytest.mark.parametrize("multiplier", [2**30, 2**30 + 1, 3 * 2**29, INT32_MAX - 1, INT32_MAX, 0])
@pytest.mark.parametrize("shift", range(-31, 31))
def test_extreme_sums_are_requantised_as_tflm_does(multiplier, shift):
    assert_requantized(EXTREMES, multiplier, shift)


def test_random_sums_are_requantised_as_tflm_does():
    chance = random.Random(0)
    for _ in range(500):
        bits = chance.randint(1, 31)
        values = [chance.randint(-(2**bits), 2**bits - 1) for _ in range(20)]
        assert_requantized(values, chance.randint(2**30, INT32_MAX), chance.randint(-31, 8))


def test_sums_at_halves_are_requantised_as_tflm_does():
    for shift in range(-16, 1):
        for multiplier in (2**30, 3 * 2**29):
            assert_requantized(
                [k * 2**-shift + d for k in range(-9, 10) for d in (-1, 0, 1)], multiplier, shift
            )


def test_each_channel_has_its_own_multiplier():
    sums = np.full((2, 3), 1000)
    found = requantize(sums, np.array([2**30] * 3), np.array([0, -1, 1]))
    assert found.tolist() == [[500, 250, 1000]] * 2


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (0.0, (0, 0)),
        (1.0, (2**30, 1)),
        (0.5, (2**30, 0)),
        (0.75, (3 * 2**29, 0)),
        (1 - 2**-40, (2**30, 1)),  # the multiplier rounds up to 2^31
        (2.0**-32, (2**30, -31)),
        (2.0**-33, (0, 0)),
        (2.0**29, (2**30, 30)),
        (2.0**40, (INT32_MAX, 30)),
    ],
)
def test_multipliers(real, expected):
    assert quantize_multiplier(real) == expected


def test_multipliers_are_near():
    chance = random.Random(1)
    for _ in range(1000):
        real = math.ldexp(chance.uniform(0.5, 1), chance.randint(-30, 30))
        multiplier, shift = quantize_multiplier(real)
        assert 2**30 <= multiplier <= INT32_MAX
        assert abs(math.ldexp(multiplier, shift - 31) / real - 1) <= 2**-31


def test_halves_round_away_from_zero():
    values = np.array([0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 0.49999997, -0.49999997])
    assert quantize(values, 1.0, 0).tolist() == [1, -1, 2, -2, 3, -3, 0, 0]


def test_values_saturate_and_nan_counts_as_zero():
    values = np.array([1e30, -1e30, np.inf, -np.inf, 127.4, -128.4, np.nan])
    assert quantize(values, 1.0, 0).tolist() == [127, -128, 127, -128, 127, -128, 0]
    assert quantize(values, 1.0, -128).tolist() == [127, -128, 127, -128, -1, -128, -128]
    assert quantize(values, 1.0, 127).tolist() == [127, -128, 127, -128, 127, -1, 127]


def test_quantisation_is_undone():
    levels = np.arange(-128, 128).astype(np.int8)
    real = dequantize(levels, 0.03, 17)
    assert real[128] == np.float32(-17) * np.float32(0.03)
    assert quantize(real, 0.03, 17).tolist() == levels.tolist()


@pytest.mark.parametrize(
    ("activation", "scale", "zero_point", "expected"),
    [
        ("NONE", 0.1, 0, (-128, 127)),
        ("RELU", 0.1, -100, (-100, 127)),
        ("RELU6", 0.1, -100, (-100, -40)),
        ("RELU6", 0.01, -128, (-128, 127)),
        ("RELU_N1_TO_1", 0.1, 3, (-7, 13)),
        ("RELU_N1_TO_1", 0.4, 0, (-3, 3)),  # 2.5 steps: halves away from zero
        ("RELU6", 1e-44, 5, (5, 127)),  # 6 / scale is infinite
    ],
)
def test_activations_are_clamps(activation, scale, zero_point, expected):
    with np.errstate(over="ignore"):
        assert activation_range(activation, np.float32(scale), zero_point) == expected


def test_other_activations_are_no_clamps():
    with pytest.raises(KeyError):
        activation_range("TANH", np.float32(1), 0)
