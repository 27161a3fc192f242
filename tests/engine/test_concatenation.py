import pytest
from chain import Chain
from convlet.compile import compile_tflite
from exactness import assert_exact
from hypothesis import given, settings
from movement_models import concatenations


@settings(max_examples=120, deadline=None, derandomize=True)
@given(concatenations())
def test_random_concatenations_are_exact(model):
    assert_exact(*model)


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_joins_of_branches_are_exact(axis):
    """Two paths of different depth from one tensor, as in an Inception block."""
    chain = Chain((9, 8, 3)).conv(4, (1, 1))
    trunk, shape, quantisation = chain.tensor, chain.shape, (chain.scale, chain.zero_point)
    deep = chain.max_pool((3, 3), (1, 1), "SAME").max_pool((3, 3), (1, 1), "SAME").tensor
    chain.tensor, chain.shape, (chain.scale, chain.zero_point) = trunk, shape, quantisation
    joined = tuple(size * (1 + (i == axis)) for i, size in enumerate(shape, 1))
    chain._layer("CONCATENATION", [deep], joined, "ConcatenationOptions", Axis=axis)
    assert_exact(chain.conv(2, (2, 2)).build(), (9, 8, 3), seed=1)


def test_tensors_one_above_the_other_name_the_first_ones_height():
    nodes = compile_tflite(
        Chain((3, 4, 2)).max_pool((1, 1), (1, 1)).joined_with_itself(1).build()
    ).program.nodes
    assert [node.parameter for node in nodes] == [0, 0, 3]
