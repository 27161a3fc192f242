from chain import Chain
from convlet.compile import compile_tflite
from exactness import assert_exact
from hypothesis import given, settings
from movement_models import bilinear_resizes


@settings(max_examples=200, deadline=None, derandomize=True)
@given(bilinear_resizes())
def test_random_resizes_are_exact(model):
    assert_exact(*model)


def test_two_rows_are_kept():
    compiled = compile_tflite(Chain((6, 5, 3)).conv(2, (1, 1)).resize(12, 10).build())
    assert compiled.program.nodes[2].kind == "RESIZE_BILINEAR" and compiled.plan.ring_rows[1] == 2


def test_a_resize_between_convolutions_is_exact():
    tflite = Chain((6, 5, 3)).conv(2).resize(9, 7).conv(3, (3, 3), (2, 2), "SAME").resize(3, 3).build()
    assert_exact(tflite, (6, 5, 3), seed=3)
