from chain import Chain
from exactness import assert_exact
from hypothesis import given, settings
from reduction_models import pool_models


@settings(max_examples=400, deadline=None, derandomize=True)
@given(pool_models("MAX_POOL_2D"))
def test_random_pools_are_exact(model):
    assert_exact(*model)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(pool_models("MAX_POOL_2D", side_by_side=True))
def test_pools_that_take_row_by_row_are_exact(model):
    assert_exact(*model, accumulate=False)
    assert_exact(*model, accumulate=True)


def test_more_rows_than_the_engine_has_pointers_for_are_exact():
    """A window over all 40 rows, one over the first 33 of them, and two side by side."""
    for height, kernel, stride in ((40, 40, 40), (40, 33, 33), (70, 35, 35)):
        chain = Chain((height, 4, 3), seed=12).max_pool((kernel, 2), (stride, 2))
        assert_exact(chain.build(), (height, 4, 3), seed=2)


def test_pools_of_pools_are_exact():
    chain = Chain((23, 11, 3), seed=11).max_pool((3, 3), (2, 2), "SAME").max_pool((2, 2), (3, 1), "VALID")
    assert_exact(chain.max_pool((4, 5), (1, 1), "SAME").build(), (23, 11, 3), seed=1)
