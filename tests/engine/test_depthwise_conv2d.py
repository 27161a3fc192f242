import convlet
import pytest
from chain import Chain
from convlet.compile import compile_tflite
from convlet.format import OPERATOR
from convolution_models import depthwise_conv2d_models
from cvl_edit import edited
from exactness import assert_exact
from hypothesis import given, settings


@settings(max_examples=400, deadline=None, derandomize=True)
@given(depthwise_conv2d_models())
def test_random_depthwise_convolutions_are_exact(model):
    assert_exact(*model)


@pytest.mark.parametrize("channels", [4, 5, 6, 7, 8, 70])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_a_last_block_of_channels_that_reaches_back_is_exact(channels, padding):
    chain = Chain((6, 9, channels), seed=31).depthwise(1, (3, 3), (1, 1), padding)
    assert_exact(chain.build(), (6, 9, channels), seed=1)


def test_depthwise_separable_convolutions_in_a_row_are_exact():
    chain = Chain((16, 12, 3), seed=32).conv(8, (3, 3), (2, 2), "SAME").depthwise().conv(12, (1, 1))
    assert_exact(chain.depthwise(1, (3, 3), (2, 2)).conv(9, (1, 1)).dense(5).build(), (16, 12, 3), seed=2)


def test_a_kernel_greater_than_the_image_is_exact():
    assert_exact(Chain((2, 3, 5), seed=33).depthwise(1, (7, 5)).build(), (2, 3, 5), seed=3)


def test_damaged_operators_are_refused():
    cvl = compile_tflite(Chain((6, 6, 5)).depthwise().build()).cvl
    damages = {
        "it makes 4 values, expected 5": {"channels": 4},
        "its kernel, stride or dilation is 0, expected 1 to 255": {"kernel_w": 0},
        "its weights end at byte": {"kernel_w": 255},
    }
    for text, fields in damages.items():
        with pytest.raises(ValueError, match=rf"operator 1 \(DEPTHWISE_CONV_2D\): {text}"):
            convlet.check(edited(cvl, OPERATOR, 1, **fields))


def test_fewer_channels_than_the_kernel_takes_are_refused():
    cvl = compile_tflite(Chain((6, 6, 4)).depthwise().build()).cvl
    with pytest.raises(ValueError, match="it makes 3 values, expected 4"):
        convlet.check(edited(edited(cvl, OPERATOR, 0, channels=3), OPERATOR, 1, channels=3))
