import numpy as np
import pytest
from convlet.ops.weighted_sum import find_weighted_sum

VALUES = np.arange(-128, 128)
CLAMP = (-128, 127)


def evaluate(found, b_values, clamp=CLAMP):
    sums = VALUES[:, None] * found.weight_a + b_values * found.weight_b + found.constant
    assert abs(sums).max() < 2**31
    return (sums >> found.shift).clip(*clamp)


@pytest.mark.parametrize("ratios", [(0.7, 0.4), (0.013, 1.9), (0.31, -0.77), (3.1, 90.0)])
@pytest.mark.parametrize("clamp", [CLAMP, (0, 127), (-20, 31)])
def test_a_sum_is_found_and_equal(ratios, clamp):
    real = VALUES[:, None] * ratios[0] + VALUES * ratios[1] + 0.1234567
    wanted = np.floor(real + 0.5).astype(np.int64).clip(*clamp)
    found = find_weighted_sum(wanted, VALUES, ratios, clamp)
    assert found is not None
    assert (evaluate(found, VALUES, clamp) == wanted).all()


def test_only_values_that_occur_count():
    few = np.array([-5, 3, 70])
    wanted = (VALUES[:, None] + few) // 2
    wanted[:, 1] += 1
    found = find_weighted_sum(wanted, few, (0.5, 0.5), CLAMP)
    assert found is None or (evaluate(found, few) == wanted).all()


def test_halves_away_from_zero_are_a_sum_with_greater_weights():
    sums = VALUES[:, None] + VALUES
    wanted = (np.sign(sums) * ((abs(sums) + 1) // 2)).clip(*CLAMP)
    found = find_weighted_sum(wanted, VALUES, (0.5, 0.5), CLAMP)
    assert found is not None and found.weight_a > 0.5 * 2**found.shift
    assert (evaluate(found, VALUES) == wanted).all()


def test_what_is_no_sum_gives_none():
    assert find_weighted_sum(VALUES[:, None] ^ VALUES, VALUES, (1.0, 1.0), CLAMP) is None


@pytest.mark.parametrize("ratio", [1e-9, 1e6, 1e30])
def test_extreme_ratios_give_a_proved_sum_or_none(ratio):
    wanted = np.floor(VALUES[:, None] * ratio + VALUES * 0.3 + 0.5).clip(*CLAMP).astype(np.int64)
    found = find_weighted_sum(wanted, VALUES, (ratio, 0.3), CLAMP)
    assert found is None or (evaluate(found, VALUES) == wanted).all()
