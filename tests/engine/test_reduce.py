import convlet
import pytest
from chain import Chain
from convlet.compile import compile_tflite
from convlet.format import HEADER, OPERATOR
from cvl_edit import edited
from exactness import assert_exact
from hypothesis import given, settings
from reduction_models import reduction_models


@settings(max_examples=300, deadline=None, derandomize=True)
@given(reduction_models("MEAN"))
def test_random_means_are_exact(model):
    assert_exact(*model)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(reduction_models("SUM"))
def test_random_sums_are_exact(model):
    assert_exact(*model)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(reduction_models("REDUCE_MAX"))
def test_random_maxima_are_exact(model):
    assert_exact(*model)


def test_a_maximum_over_all_axes_is_exact():
    assert_exact(Chain((5, 6, 7)).reduce("REDUCE_MAX", [1, 2, 3]).build(), (5, 6, 7), seed=1)


@pytest.mark.parametrize("kind", ["MEAN", "SUM", "REDUCE_MAX"])
def test_reductions_behind_a_convolution_are_exact(kind):
    for axes in ([1, 2], [1], [2], [3], [2, 3], [1, 3]):
        chain = Chain((9, 8, 2), seed=51).conv(6, (3, 3), (2, 1)).reduce(kind, axes).dense(4)
        assert_exact(chain.build(), (9, 8, 2), seed=2)


@pytest.mark.parametrize("kind", ["SUM", "REDUCE_MAX"])
def test_damaged_reductions_are_refused(kind):
    by_row, whole = (
        edited(compile_tflite(Chain((6, 4, 3)).reduce(kind, axes).build()).cvl, HEADER, arena_bytes=1000)
        for axes in ([2], [1, 2])
    )
    damages = [
        (by_row, {"width": 2}, "its shape holds 2, expected 1 to 4"),
        (by_row, {"channels": 2}, "it makes 2 values, expected 3"),
        (by_row, {"height": 7, "ring_rows": 7}, "its shape holds 7, expected 1 to 6"),
        (by_row, {"pad_top": 1}, "its kernel, stride or dilation is 1"),
        (by_row, {"kernel_h": 2}, "its shape holds 7, expected 1 to 6"),
        (by_row, {"stride_h": 2}, "its shape holds 11, expected 1 to 6"),
        (whole, {"kernel_h": 1, "stride_h": 1}, "its kernel, stride or dilation is 1, expected 1 to 0"),
        (whole, {"flags": 0}, "its "),
    ]
    for cvl, fields, text in damages:
        with pytest.raises(ValueError, match=rf"operator 1 \({kind}\): {text}"):
            convlet.check(edited(cvl, OPERATOR, 1, **fields))
