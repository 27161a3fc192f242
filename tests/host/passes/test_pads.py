import pytest
from chain import Chain, kinds_after
from convlet.compile import compile_tflite
from convlet.passes import (
    fold_pads,
)
from convlet.program import lower
from exactness import assert_exact


def test_a_pad_goes_into_the_convolution_behind_it():
    graph, kinds = kinds_after(Chain((6, 6, 1)).pad((1, 0), (0, 2)).conv(2), fold_pads)
    assert kinds == ["CONV_2D"] and graph.operators[0].options["pads"] == (1, 0)
    assert graph.operators[0].inputs[0] is graph.inputs[0]
    window = lower(graph).nodes[1].window
    assert (window.pad_top, window.pad_left) == (1, 0)


@pytest.mark.parametrize("stride", [(1, 1), (2, 1), (2, 3)])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("pads", [((1, 0), (0, 2)), ((0, 3), (4, 0)), ((5, 5), (1, 1))])
def test_convolutions_that_pad_are_exact(stride, padding, pads):
    tflite = Chain((6, 7, 2)).pad(*pads).conv(3, (3, 4), stride, padding).build()
    nodes = compile_tflite(tflite, prefer="ram").program.nodes
    assert [node.kind for node in nodes] == ["INPUT", "CONV_2D"]
    assert_exact(tflite, (6, 7, 2), seed=1)


def test_pads_one_after_the_other_go_into_the_convolution():
    graph, kinds = kinds_after(Chain((6, 6, 1)).pad((1, 0)).pad((1, 1), (2, 0)).conv(2))
    assert kinds == ["CONV_2D"] and graph.operators[0].options["pads"] == (2, 2)


@pytest.mark.parametrize(
    "chain",
    [
        Chain((6, 6, 1)).pad((1, 0), channels=(0, 1)).conv(2),
        Chain((6, 6, 1)).pad((200, 0)).conv(2),
        Chain((6, 6, 1)).pad((1, 0)).max_pool(),
        Chain((6, 6, 1)).conv(2).pad((1, 0)),
    ],
)
def test_other_pads_stay(chain):
    assert "PAD" in kinds_after(chain, fold_pads)[1]


def test_a_pad_with_another_value_stays():
    chain = Chain((6, 6, 1)).pad((1, 0))
    chain.builder.tensors[chain.tensor].zero_point = 3
    assert kinds_after(chain.conv(2), fold_pads)[1] == ["PAD", "CONV_2D"]
