from chain import Chain, program_of
from convlet.schedule import lifetimes, simulate
from exactness import assert_exact
from hypothesis import given, settings
from movement_models import bilinear_resizes


@settings(max_examples=200, deadline=None, derandomize=True)
@given(bilinear_resizes())
def test_random_resizes_are_exact(model):
    assert_exact(*model)


def test_two_rows_are_kept():
    program = program_of(Chain((6, 5, 3)).conv(2, (1, 1)).resize(12, 10))
    assert program.nodes[2].kind == "RESIZE_BILINEAR"
    assert lifetimes(program, simulate(program, [2]))[1].ring_rows == 2


def test_a_resize_between_convolutions_is_exact():
    tflite = Chain((6, 5, 3)).conv(2).resize(9, 7).conv(3, (3, 3), (2, 2), "SAME").resize(3, 3).build()
    assert_exact(tflite, (6, 5, 3), seed=3)
