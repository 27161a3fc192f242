import numpy as np
import pytest
from chain import Chain
from convlet.errors import ModelError
from convlet.graph import Tensor
from convlet.ops import REGISTRY
from convlet.tflite_reader import read_tflite

SPEC = REGISTRY["RESIZE_BILINEAR"]


def resize(size_in=(4, 4), size=(8, 8), **options):
    operator = read_tflite(Chain((*size_in, 1)).resize(*size).build()).operators[0]
    operator.options |= options
    return operator


def test_twice_as_many_pixels_lie_a_quarter_off():
    made = SPEC.reference(resize((1, 4), (1, 8)), [np.array([[[0], [40], [80], [120]]], np.int8)])
    assert made.ravel().tolist() == [0, 10, 30, 50, 70, 90, 110, 120]


def test_halves_go_away_from_zero():
    operator = resize((1, 2), (1, 3), align_corners=True, half_pixel_centers=False)
    for pair, middle in (((0, 1), 1), ((0, -1), -1), ((-3, -2), -3)):
        assert SPEC.reference(operator, [np.array(pair, np.int8).reshape(1, 2, 1)])[0, 1, 0] == middle


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"align_corners": True}, "align_corners and half_pixel_centers, which exclude each other"),
        (
            {"size_in": (1, 1), "size": (600, 1), "half_pixel_centers": False},
            "600 pixels of 1: so many that TFLM's",
        ),
    ],
)
def test_what_tflm_cannot_do_is_refused(change, text):
    with pytest.raises(ModelError, match=rf"operator 0 \(RESIZE_BILINEAR\) .*{text}"):
        SPEC.check(resize(**change))


def test_the_size_must_be_the_outputs():
    operator = resize()
    operator.inputs[1] = Tensor("size", (2,), np.zeros(0), 0, np.array([8, 9], np.int32), None)
    with pytest.raises(ModelError, match=r"makes \(8, 8, 1\) of \(4, 4, 1\), expected \[8, 9\] pixels"):
        SPEC.check(operator)
