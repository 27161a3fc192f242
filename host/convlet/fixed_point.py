"""Functions of fixed-point numbers in numpy, bit for bit as gemmlowp has them (fixedpoint/fixedpoint.h).

A number with n integer bits is an int32 that stands for value / 2^(31 - n); arrays hold them as int64.
"""

from __future__ import annotations

import numpy as np

ONE = 2**31 - 1  # 1 with 0 integer bits, as near as it can be written

# e^-(2^k) for k = -2 ... 4, with 0 integer bits.
_POWERS_OF_E = {-2: 1672461947, -1: 1302514674, 0: 790015084, 1: 290630308, 2: 39332535, 3: 720401, 4: 242}
_E_TO_MINUS_EIGHTH, _THIRD = 1895147668, 715827883  # with 0 integer bits
_48_17THS, _MINUS_32_17THS = 1515870810, -1010580540  # with 2


def multiply(a: np.ndarray, b: np.ndarray | int) -> np.ndarray:
    """The product, rounded with halves up: SaturatingRoundingDoublingHighMul, but for -1 * -1."""
    return (a * b + (1 << 30)) >> 31


def divide_by_power(x: np.ndarray, exponent: int | np.ndarray) -> np.ndarray:
    """x / 2^exponent, rounded with halves away from zero: RoundingDivideByPOT."""
    mask = (np.int64(1) << exponent) - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def shift_left(x: np.ndarray, bits: int) -> np.ndarray:
    """x * 2^bits, saturated: SaturatingRoundingMultiplyByPOT."""
    limit = (1 << (31 - bits)) - 1
    return np.where(x > limit, ONE, np.where(x < -limit, -ONE - 1, x << bits))


def exp_of_negative(a: np.ndarray, integer_bits: int) -> np.ndarray:
    """e^a with 0 integer bits, of a <= 0 with at most 5: exp_on_negative_values."""
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    low = (a & (quarter - 1)) - quarter
    result = _exp_above_minus_quarter(low << integer_bits)
    for k, power in _POWERS_OF_E.items():
        if k < integer_bits:
            result = np.where((low - a) >> (fraction_bits + k) & 1, multiply(result, power), result)
    return np.where(a == 0, ONE, result)


def _exp_above_minus_quarter(a: np.ndarray) -> np.ndarray:
    """e^a of -1/4 <= a < 0, by a Taylor polynomial around -1/8."""
    x = a + (1 << 28)
    x2 = multiply(x, x)
    x3, x4 = multiply(x2, x), multiply(x2, x2)
    tail = divide_by_power(multiply(divide_by_power(x4, 2) + x3, _THIRD) + x2, 1)
    return _E_TO_MINUS_EIGHTH + multiply(x + tail, _E_TO_MINUS_EIGHTH)


def _half_reciprocal(a: np.ndarray) -> np.ndarray:
    """2 / (1 + a) with 2 integer bits, of 0 <= a < 1 with 0, by three steps of Newton's division."""
    half = (a + ONE + 1) >> 1
    x = _48_17THS + multiply(half, _MINUS_32_17THS)
    for _ in range(3):
        x = x + shift_left(multiply(x, (1 << 29) - multiply(half, x)), 2)
    return x


def reciprocal(a: np.ndarray) -> np.ndarray:
    """1 / (1 + a), all with 0 integer bits, of 0 <= a < 1: one_over_one_plus_x_for_x_in_0_1."""
    return shift_left(_half_reciprocal(a), 1)


def logistic(a: np.ndarray, integer_bits: int) -> np.ndarray:
    """1 / (1 + e^-a) with 0 integer bits."""
    positive = reciprocal(exp_of_negative(-abs(a), integer_bits))
    return np.where(a == 0, 1 << 30, np.where(a > 0, positive, ONE - positive))


def tanh(a: np.ndarray, integer_bits: int) -> np.ndarray:
    """tanh(a) = (1 - e^-2a) / (1 + e^-2a) with 0 integer bits."""
    e = exp_of_negative(-abs(a), integer_bits + 1)
    positive = shift_left(_half_reciprocal(e) - (1 << 29), 2)
    return np.where(a == 0, 0, np.where(a > 0, positive, -positive))
