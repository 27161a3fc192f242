import pytest
from chain import Chain
from convlet.compile import compile_tflite
from convlet.passes import fuse_clamps
from convlet.tflite_reader import read_tflite
from exactness import assert_exact

SHAPE = (6, 8, 4)


def fused(chain):
    graph = read_tflite(chain.build())
    return fuse_clamps(graph), [operator.kind for operator in graph.operators], graph


def with_zero_point(chain, zero_point, scale=None):
    """The chain, whose last tensor gets this zero point and scale."""
    tensor = chain.builder.tensors[chain.tensor]
    chain.zero_point = tensor.zero_point = zero_point
    chain.scale = chain.scale if scale is None else scale
    tensor.scale = [chain.scale]
    return chain


LAYERS = {
    "CONV_2D": lambda: Chain(SHAPE).conv(5),
    "DEPTHWISE_CONV_2D": lambda: Chain(SHAPE).depthwise(),
    "TRANSPOSE_CONV": lambda: Chain(SHAPE).transpose_conv(3),
    "FULLY_CONNECTED": lambda: Chain(SHAPE).dense(9),
    "MAX_POOL_2D": lambda: Chain(SHAPE, zero_point=-20).max_pool(),
    "AVERAGE_POOL_2D": lambda: Chain(SHAPE, zero_point=-20).average_pool(),
    "ADD": lambda: binary("ADD"),
    "SUB": lambda: binary("SUB"),
    "MUL": lambda: binary("MUL"),
}


def binary(kind):
    chain = Chain(SHAPE, zero_point=10)
    other = chain.input
    chain.max_pool((1, 1), (1, 1))
    chain.zero_point, chain.scale = -30, chain.scale * 1.7
    return chain._layer(kind, [other], SHAPE, f"{kind.capitalize()}Options")


@pytest.mark.parametrize("kind", LAYERS)
def test_relu6_goes_into_the_layer_before_it(kind):
    chain = LAYERS[kind]()
    if kind not in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        with_zero_point(chain, -30)
    position = len(chain.builder.operators)
    chain.function("RELU6")
    done, kinds, graph = fused(chain)
    assert done == [f"operator {position} (RELU6) into operator {position - 1} ({kind})"]
    assert kinds[-1] == kind and graph.outputs == [graph.operators[-1].output]
    nodes = compile_tflite(chain.build()).program.nodes
    assert [node for node in nodes if node.kind != "COPY"][-1].clamp_min == chain.zero_point
    assert_exact(chain.build(), SHAPE, seed=1)


@pytest.mark.parametrize("first", ["RELU", "RELU6"])
@pytest.mark.parametrize("second", ["RELU6", "RELU"])
def test_clamps_behind_a_clamp(first, second):
    chain = with_zero_point(Chain(SHAPE).conv(5, (1, 1)), -60, 1 / 16).function(first).function(second)
    assert fused(chain)[1] == ["CONV_2D"]
    assert_exact(chain.build(), SHAPE, seed=2)


def test_what_is_no_clamp_or_has_another_scale_stays():
    chain = with_zero_point(Chain(SHAPE).conv(5), -30)
    assert fused(chain.function("ABS"))[1] == ["CONV_2D", "ABS"]
    chain = with_zero_point(Chain(SHAPE).conv(5), -30)
    chain.function("RELU6", chain.scale * 2)
    assert fused(chain)[1] == ["CONV_2D", "RELU6"]
    assert_exact(chain.build(), SHAPE, seed=3)


def test_a_tensor_that_others_read_too_is_not_clamped():
    chain = with_zero_point(Chain(SHAPE).conv(5), -30)
    kept = chain.tensor
    chain.function("RELU")
    graph = read_tflite(chain.builder.build([chain.input], [kept, chain.tensor]))
    assert fuse_clamps(graph) == [] and len(graph.operators) == 2


def test_a_function_of_the_input_stays():
    assert fused(Chain(SHAPE, zero_point=0).function("RELU"))[1] == ["RELU"]
