import convlet
import pytest
from chain import Chain
from convlet.compile import compile_tflite
from convlet.format import HEADER, OPERATOR
from cvl_edit import edited, field
from exactness import assert_exact, with_variant
from hypothesis import given, settings
from operator_models import fully_connected_models


@settings(max_examples=500, deadline=None, derandomize=True)
@given(fully_connected_models())
def test_random_dense_layers_are_exact(model):
    assert_exact(*model)


def test_dense_layers_in_a_row_are_exact():
    chain = Chain((1, 1, 37), seed=21).dense(70).dense(1).dense(9)
    assert_exact(chain.build(), (1, 1, 37), seed=1)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("classes", [1, 2, 7])
def test_dense_over_an_image_of_several_rows_is_exact(classes, accumulate):
    chain = Chain((7, 5, 2), seed=22).conv(3).reshape(45).dense(classes)
    assert_exact(chain.build(), (7, 5, 2), 2, accumulate)


def test_damaged_accumulators_are_refused():
    cvl = with_variant(compile_tflite(Chain((7, 5, 2)).conv(3).dense(4).build()), True).cvl
    scratch, arena = field(cvl, OPERATOR, 2, "scratch"), HEADER.unpack(cvl)["arena_bytes"]
    damages = {
        "the arena begins 2 bytes past a multiple of 4": {"scratch": scratch + 2},
        "its ring begins at byte 0": {"scratch": 0},
        f"its ring ends at byte {4 * (arena // 4) + 16} of an arena": {"scratch": 4 * (arena // 4)},
        "its ring ends at byte 4294967295 of an arena": {"scratch": 0xFFFFFFFC},
        "its kernel, stride or dilation is 1, expected 1 to 0": {"kernel_h": 1, "height": 1},
    }
    for text, fields in damages.items():
        with pytest.raises(ValueError, match=rf"operator 2 \(FULLY_CONNECTED\): {text}"):
            convlet.check(edited(cvl, OPERATOR, 2, **fields))
