from chain import Chain, kinds_after
from convlet.passes import (
    split_concatenations,
)
from convlet.tflite_reader import read_tflite


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
