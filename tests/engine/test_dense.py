from chain import Chain
from exactness import assert_exact
from hypothesis import given, settings
from operator_models import fully_connected_models


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(fully_connected_models())
def test_random_dense_layers_are_exact(model):
    assert_exact(*model)


def test_dense_layers_in_a_row_are_exact():
    chain = Chain((1, 1, 37), seed=21).dense(70).dense(1).dense(9)
    assert_exact(chain.build(), (1, 1, 37), seed=1)


def test_dense_over_an_image_of_several_rows_is_exact():
    assert_exact(Chain((5, 3, 2), seed=22).reshape(30).dense(4).build(), (5, 3, 2), seed=2)
