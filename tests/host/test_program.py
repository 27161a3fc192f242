import numpy as np
import pytest
from chain import Chain, digits_chain, program_of
from convlet.errors import ModelError
from convlet.format import KERNEL_ALL
from convlet.passes import simplify
from convlet.program import lower
from convlet.tflite_reader import read_tflite


def test_digits():
    program = program_of(digits_chain())
    assert [node.kind for node in program.nodes] == ["INPUT", "CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED"]
    assert [node.sources for node in program.nodes] == [(), (0,), (1,), (2,)]
    assert [node.shape for node in program.nodes] == [(8, 8, 1), (6, 6, 8), (3, 3, 8), (1, 1, 10)]
    assert program.nodes[1].row_bytes == 48 and program.nodes[3].window.kernel_h == KERNEL_ALL
    assert program.input_count == 1 and program.outputs == [3]
    assert program.macs == 6 * 6 * 8 * 9 + 72 * 10


def test_the_input_offset_is_folded_into_the_bias():
    graph = read_tflite(Chain((6, 6, 2)).conv(3).build())
    _, weights, bias = graph.operators[0].inputs
    folded = np.frombuffer(lower(graph).nodes[1].table[:12], "<i4")
    sums = weights.constant.astype(int).sum(axis=(1, 2, 3))
    assert folded.tolist() == (bias.constant + 128 * sums).tolist()


@pytest.mark.parametrize(
    ("chain", "text"),
    [
        (
            Chain((140, 8, 1)).conv(1, (129, 1)),
            r"operator 0 \(CONV_2D\) has 129 rows of a kernel.* at most 128",
        ),
        (Chain((8, 600, 1)).max_pool((1, 300)), "has 300 columns, strides or dilations .* at most 255"),
        (Chain((600, 8, 1)).max_pool((1, 1), (256, 1)), "has 256 columns, strides or dilations"),
        (
            Chain((1, 70000, 1)).max_pool((1, 2), (1, 2)),
            "input 'tensor0' has 70000 a height, width or number",
        ),
        (Chain((30000, 30000, 2)).max_pool(), "the model has 2,250,000,000 values in all tensors"),
    ],
)
def test_limits_of_the_engine(chain, text):
    with pytest.raises(ModelError, match=text):
        program_of(chain)


def test_a_dense_layer_may_be_too_large():
    with pytest.raises(
        ModelError, match="has 131100 weights of one output channel, the engine takes at most 131071"
    ):
        program_of(Chain((1, 10, 13110)).dense(1))


def test_a_bias_must_fit():
    graph = read_tflite(Chain((6, 6, 2)).conv(3).build())
    graph.operators[0].inputs[2].data = np.full(3, 2**31 - 1, np.int32)
    graph.operators[0].inputs[1].data = np.ones((3, 3, 3, 2), np.int8)
    with pytest.raises(
        ModelError, match=r"operator 0 \(CONV_2D\) has a bias of \d+, which does not fit 32 bits"
    ):
        lower(graph)


def test_there_must_be_something_to_run():
    chain = Chain((6, 6, 2))
    chain.reshape(72)
    graph = read_tflite(chain.build())
    simplify(graph)
    graph.outputs = graph.inputs
    with pytest.raises(ModelError, match="nothing to run"):
        lower(graph)
