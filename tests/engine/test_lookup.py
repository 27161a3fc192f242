import convlet
import numpy as np
import pytest
from convlet.compile import compile_tflite
from convlet.format import OPERATOR
from cvl_edit import edited, field
from elementwise_models import unary, unary_models
from exactness import assert_exact_on_inputs
from hypothesis import given, settings

TANH = compile_tflite(unary("TANH", (3, 4, 5), ((1 / 32, 3), (1 / 128, 0)))).cvl
LOOKUP = 1  # operator of TANH


@settings(max_examples=500, deadline=None, derandomize=True)
@given(unary_models())
def test_random_functions_are_exact(model):
    assert_exact_on_inputs(model.tflite, model.shapes, model.seed)


def test_the_output_may_lie_on_the_input():
    tflite = unary("ABS", (1, 16, 16), ((1 / 32, 3), (1 / 32, -100)))
    cvl = compile_tflite(tflite).cvl
    image = np.arange(-128, 128).astype(np.int8).reshape(1, 16, 16)
    expected = bytes(convlet.Model(cvl).run(image))
    in_place = edited(cvl, OPERATOR, LOOKUP, offset=field(cvl, OPERATOR, 0, "offset"))
    assert bytes(convlet.Model(in_place).run(image)) == expected


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"kernel_h": 2}, "its kernel, stride or dilation is 2, expected 1 to 1"),
        ({"stride_h": 2}, "its kernel, stride or dilation is 1, expected 1 to 1"),
        ({"pad_top": 1}, "its kernel, stride or dilation is 1, expected 1 to 1"),
        ({"height": 2, "ring_rows": 2}, "it makes 2 values, expected 3"),
        ({"width": 3}, "it makes 3 values, expected 4"),
        ({"channels": 4}, "it makes 4 values, expected 5"),
        ({"flags": 1}, "its flags are 1, expected 0|its shape holds 3, expected 1"),
        ({"table": len(TANH) - 255}, f"table ends at byte {len(TANH) + 1} of {len(TANH)}"),
    ],
)
def test_damages_are_refused(fields, text):
    with pytest.raises(ValueError, match=text):
        convlet.check(edited(TANH, OPERATOR, LOOKUP, **fields))
