"""Multipliers and shifts in the form that the faster kernels take."""

import numpy as np
import pytest
from convlet.ops.requantization import Requantization, right_shifting
from convlet.quantization import quantize_multiplier, requantize


def requantization(reals):
    multiplier, shift = np.array([quantize_multiplier(real) for real in reals]).T
    return Requantization(np.zeros(len(reals)), multiplier, shift, -128, 127)


def test_what_shifts_right_stays_as_it_is():
    wanted = requantization([0.49, 2.0**-31, 0.001])
    found = right_shifting(wanted)
    assert found.multiplier.tolist() == wanted.multiplier.tolist()
    assert found.shift.tolist() == wanted.shift.tolist()


def test_a_multiplier_of_0_gives_0_in_another_way():
    """Processors with SMMLAR take 2^30 to 2^31 - 1 only."""
    wanted = requantization([2.0**-40, 0.01])
    assert wanted.multiplier[0] == 0
    found = right_shifting(wanted)
    assert found.multiplier.min() >= 2**30 and found.shift.max() <= -1
    ends = [2.0**31 - 2, 1 - 2.0**31]
    sums = np.array([*ends, *np.linspace(*ends, 1000), *range(-1000, 1000)]).astype(np.int64)[:, None]
    np.testing.assert_array_equal(
        requantize(sums, found.multiplier, found.shift), requantize(sums, wanted.multiplier, wanted.shift)
    )


@pytest.mark.parametrize("real", [0.5, 3.0, -0.25])
def test_other_multipliers_have_no_such_form(real):
    assert right_shifting(requantization([0.25, real])) is None
