import pytest
from chain import Chain, digits_chain, padded_chain
from exactness import assert_exact
from hypothesis import given, settings
from operator_models import conv2d_models


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(conv2d_models())
def test_random_convolutions_are_exact(model):
    assert_exact(*model)


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
