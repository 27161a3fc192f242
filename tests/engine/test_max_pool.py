from chain import Chain
from exactness import assert_exact
from hypothesis import given, settings
from operator_models import max_pool_models


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(max_pool_models())
def test_random_pools_are_exact(model):
    assert_exact(*model)


def test_pools_of_pools_are_exact():
    chain = Chain((23, 11, 3), seed=11).max_pool((3, 3), (2, 2), "SAME").max_pool((2, 2), (3, 1), "VALID")
    assert_exact(chain.max_pool((4, 5), (1, 1), "SAME").build(), (23, 11, 3), seed=1)
