import convlet
import numpy as np
import pytest
from convlet.compile import compile_tflite
from convlet.format import OPERATOR
from cvl_edit import edited, field, patched
from elementwise_models import ElementwiseChain, softmax_models
from exactness import assert_exact_on_inputs
from hypothesis import given, settings


def chain(*shape, scale=0.1):
    return ElementwiseChain(shape, scale=scale, zero_point=7).of_one("SOFTMAX", 1 / 256, -128, Beta=1.0)


CVL = compile_tflite(chain(2, 3, 4).build()).cvl
SOFTMAX = 1  # operator of CVL


@settings(max_examples=500, deadline=None, derandomize=True)
@given(softmax_models())
def test_random_softmaxes_are_exact(model):
    assert_exact_on_inputs(model.tflite, model.shapes, model.seed)


@pytest.mark.parametrize("channels", [600, 1000, 4095])
def test_many_channels(channels):
    """Where all are equal, TFLM has no answer from 512 on; a few that stand out have their share."""
    compiled = compile_tflite(chain(1, 1, channels).build())
    model = convlet.Model(compiled.cvl)
    model.selftest()
    image = np.full((1, 1, channels), -128, np.int8)
    assert set(model.run(image)) == {-128}
    image[0, 0, 5] = image[0, 0, 7] = 100
    expected = [-128] * channels
    expected[5] = expected[7] = 0
    assert list(model.run(image)) == expected


def table(offset, value):
    return patched(CVL, field(CVL, OPERATOR, SOFTMAX, "table") + offset, value.to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("damaged", "text"),
    [
        (edited(CVL, OPERATOR, SOFTMAX, kernel_h=2), "its kernel"),
        (edited(CVL, OPERATOR, SOFTMAX, parameter=60000), "table ends at byte"),
        (edited(CVL, OPERATOR, SOFTMAX, parameter=0), "table ends at byte 0 of 2147483647"),
        (table(0, 2**31 - 2), "table ends at byte 2147483646 of 2147483647"),
        (table(4, 2**31), "table ends at byte 2147483648 of 2147483647"),
    ],
)
def test_damages_are_refused(damaged, text):
    with pytest.raises(ValueError, match=text):
        convlet.check(damaged)


def test_too_many_channels_are_refused():
    cvl = compile_tflite(chain(1, 1, 4095).build(), vectors=0).cvl
    for index in (0, SOFTMAX):
        cvl = edited(cvl, OPERATOR, index, channels=4096)
    with pytest.raises(ValueError, match=r"its (shape holds 4096, expected 1 to 4095|ring ends)"):
        convlet.check(cvl)
