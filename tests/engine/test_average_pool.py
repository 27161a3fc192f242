import convlet
import pytest
from chain import Chain
from convlet.compile import compile_tflite
from convlet.format import OPERATOR
from cvl_edit import edited
from exactness import assert_exact, with_variant
from hypothesis import given, settings
from reduction_models import pool_models


@settings(max_examples=300, deadline=None, derandomize=True)
@given(pool_models("AVERAGE_POOL_2D"))
def test_random_pools_are_exact(model):
    assert_exact(*model)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(pool_models("AVERAGE_POOL_2D", side_by_side=True))
def test_pools_that_take_row_by_row_are_exact(model):
    assert_exact(*model, accumulate=False)
    assert_exact(*model, accumulate=True)


def test_more_rows_than_the_engine_has_pointers_for_are_exact():
    """A window over all 140 rows, one over the first 133 of them, and two side by side."""
    for height, kernel, stride in ((140, 140, 140), (140, 133, 133), (270, 135, 135)):
        chain = Chain((height, 4, 3), seed=41).average_pool((kernel, 2), (stride, 2))
        assert_exact(chain.build(), (height, 4, 3), seed=1)


@pytest.mark.parametrize("accumulate", [False, True])
def test_windows_that_miss_the_image_are_refused(accumulate):
    """They would divide by 0."""
    chain = Chain((6, 6, 2)).average_pool((2, 2), (2, 2))
    cvl = with_variant(compile_tflite(chain.build()), accumulate).cvl
    for fields in (
        {"pad_left": 2},
        {"pad_left": -2},
        {"pad_top": 2},
        {"pad_top": -2},
        {"width": 4},
        {"height": 4, "ring_rows": 1},
    ):
        edit = edited(cvl, OPERATOR, 1, **fields)
        with pytest.raises(ValueError, match=r"operator 1 \(AVERAGE_POOL_2D\): its "):
            convlet.check(edit)


def test_windows_that_step_over_the_image_are_refused():
    cvl = compile_tflite(Chain((6, 6, 2)).average_pool((3, 3), (1, 1), "SAME").build()).cvl
    with pytest.raises(ValueError, match=r"its kernel, stride or dilation is 2, expected 1 to 1"):
        convlet.check(edited(cvl, OPERATOR, 1, dilation_h=2))
