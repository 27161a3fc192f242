import numpy as np
import pytest
from chain import Chain, kinds_after
from convlet.passes import (
    split_concatenations,
)
from convlet.tflite_reader import read_tflite
from exactness import assert_exact
from tflite_builder import Builder


def test_concatenations_of_many_become_those_of_two():
    chain = Chain((2, 3, 1)).conv(2, (1, 1))
    first = chain.tensor
    for _ in range(3):
        chain.conv(2, (1, 1))
    tensors = [first, first, chain.tensor, chain.tensor]
    result = chain.builder.tensor((1, 2, 3, 8), chain.scale, chain.zero_point)
    chain.builder.operator("CONCATENATION", tensors, result, "ConcatenationOptions", Axis=-1)
    graph = read_tflite(chain.builder.build([chain.input], [result]))
    split_concatenations(graph)
    joins = [operator for operator in graph.operators if operator.kind == "CONCATENATION"]
    assert [operator.output.rows for operator in joins] == [(2, 3, 4), (2, 3, 6), (2, 3, 8)]
    assert [len(operator.inputs) for operator in joins] == [2, 2, 2]


def test_a_concatenation_of_one_is_a_reshape():
    chain = Chain((2, 3, 1)).conv(2, (1, 1))
    chain = chain._layer("CONCATENATION", [], chain.shape, "ConcatenationOptions", Axis=1)
    assert kinds_after(chain.conv(1, (1, 1)))[1] == ["CONV_2D", "CONV_2D"]


@pytest.mark.parametrize(("axis", "shape"), [(-1, (1, 3, 4, 1)), (1, (1, 2, 4, 5)), (2, (1, 3, 1, 5))])
@pytest.mark.parametrize("first", [True, False])
def test_constants_among_them_are_exact(axis, shape, first):
    """As the coordinates of pixels that a CoordConv joins with the image."""
    b = Builder()
    source = b.tensor((1, 3, 4, 5), 0.5, 0)
    constant = b.constant(np.random.default_rng(2).integers(-128, 128, shape).astype(np.int8), [0.5])
    made = [a + c if i == axis % 4 else a for i, (a, c) in enumerate(zip((1, 3, 4, 5), shape, strict=True))]
    result = b.tensor(made, 0.5, 0)
    tensors = [constant, source, constant] if first else [source, constant]
    if first:
        made[axis] += shape[axis]
    b.operator("CONCATENATION", tensors, result, "ConcatenationOptions", Axis=axis)
    assert_exact(b.build([source], [result]), (3, 4, 5), seed=3)
