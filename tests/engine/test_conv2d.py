import convlet
import pytest
from chain import Chain, digits_chain, padded_chain
from convlet.compile import compile_tflite
from convlet.format import HEADER, OPERATOR
from convolution_models import grouped_conv2d_models, space_to_batch_models, transpose_conv_models
from cvl_edit import edited
from exactness import assert_exact
from hypothesis import given, settings
from operator_models import conv2d_models


@settings(max_examples=400, deadline=None, derandomize=True)
@given(conv2d_models())
def test_random_convolutions_are_exact(model):
    assert_exact(*model)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(grouped_conv2d_models())
def test_random_groups_are_exact(model):
    assert_exact(*model)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(transpose_conv_models())
def test_random_transposed_convolutions_are_exact(model):
    assert_exact(*model)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(space_to_batch_models())
def test_random_dilations_through_the_batch_are_exact(model):
    assert_exact(*model)


def test_large_windows_of_groups_are_exact():
    """5 x 5 x 3 and 5 x 5 x 8 bytes: on both sides of the 64 that are gathered."""
    for channels in (6, 16):
        chain = Chain((9, 8, channels), seed=4).conv(6, (5, 5), (1, 2), "SAME", groups=2)
        assert_exact(chain.build(), (9, 8, channels), seed=6)


def test_groups_that_do_not_divide_the_channels_are_refused():
    cvl = edited(compile_tflite(Chain((5, 5, 6)).conv(6, groups=3).build()).cvl, HEADER, arena_bytes=1000)
    for group in (4, 5, 7, 0xFFFF):
        with pytest.raises(ValueError, match=r"CONV_2D\): it makes 6 values, expected \d+"):
            convlet.check(edited(cvl, OPERATOR, 1, parameter=group))
    with pytest.raises(ValueError, match=r"CONV_2D\): it makes 7 values, expected 3"):
        convlet.check(edited(cvl, OPERATOR, 1, channels=7))


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [(1, 1), (2, 1), (1, 3), (3, 2)])
def test_chains_of_windows_are_exact(padding, stride):
    chain = Chain((17, 19, 2), seed=7).conv(6, (3, 5), stride, padding).max_pool((2, 3), (1, 2), padding)
    assert_exact(chain.conv(3, (2, 2), (1, 1), padding).dense(5).build(), (17, 19, 2), seed=1)


def test_three_convolutions_in_small_rings_are_exact():
    chain = Chain((20, 6, 1), seed=9).conv(3, padding="SAME").conv(4, (5, 1), padding="SAME").conv(2)
    assert_exact(chain.build(), (20, 6, 1), seed=2)


def test_a_kernel_greater_than_the_image_is_exact():
    assert_exact(Chain((3, 2, 2), seed=3).conv(4, (7, 9), padding="SAME").build(), (3, 2, 2), seed=3)


def test_models_of_the_golden_files_are_exact():
    assert_exact(digits_chain().build(), (8, 8, 1), seed=4)
    assert_exact(padded_chain().build(), (9, 7, 3), seed=5)
