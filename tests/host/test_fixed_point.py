"""Against real numbers; tests/host/ops compares what is made of these functions with TFLM, bit for bit."""

import numpy as np
import pytest
from convlet import fixed_point

ONE = 2.0**31


def test_products_round_halves_up():
    halves = np.array([1 << 30, -(1 << 30), 3 << 30, -(3 << 30)])
    assert fixed_point.multiply(halves, 1).tolist() == [1, 0, 2, -1]


def test_quotients_round_halves_away_from_zero():
    assert fixed_point.divide_by_power(np.array([5, 6, 7, -5, -6, -7]), 2).tolist() == [1, 2, 2, -1, -2, -2]


def test_shifts_to_the_left_saturate():
    x = np.array([1, -1, 1 << 28, (1 << 29) - 1, 1 << 29, -(1 << 29), -(1 << 30)])
    expected = [4, -4, 1 << 30, 2**31 - 4, 2**31 - 1, -(2**31), -(2**31)]
    assert fixed_point.shift_left(x, 2).tolist() == expected


@pytest.mark.parametrize("bits", [4, 5])
def test_exponentials(bits):
    a = np.append(np.arange(-(2**31), 0, 123457), 0)
    found = fixed_point.exp_of_negative(a, bits) / ONE
    assert abs(found - np.exp(a / 2.0 ** (31 - bits))).max() < 3e-7


def test_reciprocals():
    a = np.arange(0, 2**31, 123457)
    assert abs(fixed_point.reciprocal(a) / ONE - 1 / (1 + a / ONE)).max() < 1e-8


def test_sigmoids():
    a = np.append(np.arange(-(2**31) + 1, 2**31, 123457), 0)
    x = a / 2.0**27
    assert abs(fixed_point.logistic(a, 4) / ONE - 1 / (1 + np.exp(-x))).max() < 2e-7
    assert abs(fixed_point.tanh(a, 4) / ONE - np.tanh(x)).max() < 4e-7
