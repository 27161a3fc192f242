import numpy as np
import pytest
from chain import Chain
from convlet.compile import compile_tflite
from convlet.graph import Change
from convlet.passes import simplify, turn_lines
from convlet.reference import run_graph
from convlet.tflite_reader import read_tflite
from exactness import assert_exact
from operator_models import images_of, tflm_outputs

SHAPE = (1, 30, 4)


def causal(chain, channels, kernel):
    return chain.pad(width=(kernel - 1, 0)).conv(channels, (1, kernel))


def with_constant(chain, kind, shape):
    constant = chain.builder.constant(np.arange(np.prod(shape), dtype=np.int8).reshape(shape), [1 / 20])
    return chain._layer(kind, [constant], chain.shape, f"{kind.capitalize()}Options")


CHAINS = [
    causal(causal(Chain(SHAPE), 5, 4), 6, 3),
    Chain(SHAPE).conv(5, (1, 5), (1, 2), "SAME").conv(3, (1, 4), padding="SAME"),
    Chain(SHAPE).conv(8, (1, 3), groups=2).depthwise(kernel=(1, 5)).depthwise(2, (1, 2), (1, 3)),
    Chain(SHAPE).conv(5, (1, 3)).max_pool((1, 2), (1, 2)).average_pool((1, 3), (1, 2), "SAME").dense(7),
    Chain(SHAPE).conv(5, (1, 3)).function("TANH", 1 / 128, 0).reduce("MEAN", [1, 2]).dense(3),
    Chain(SHAPE).conv(5, (1, 3)).reduce("SUM", [3]).conv(2, (1, 3)),
    with_constant(with_constant(Chain(SHAPE).conv(4, (1, 3)), "MUL", (1, 1, 28, 1)), "ADD", (4,)),
    Chain(SHAPE).conv(4, (1, 3)).joined_with_itself(2).joined_with_itself(3).conv(3, (1, 2)),
    Chain(SHAPE).conv(4, (1, 3)).pad(width=(2, 3), channels=(1, 0)).max_pool((1, 3), (1, 1)),
    Chain(SHAPE).conv(4, (1, 3)).reshape(1, 14, 8).conv(3, (1, 2)),
]


def turned(chain):
    graph = read_tflite(chain.build())
    simplify(graph)
    return graph, turn_lines(graph)


@pytest.mark.parametrize("chain", CHAINS)
def test_turned_lines_are_exact(chain):
    graph, done = turned(chain)
    assert len(done) == 1 and graph.inputs[0].rows == (30, 1, 4)
    assert all(operator.output.rows[1] == 1 for operator in graph.operators)
    images = images_of(SHAPE, seed=1)
    for image, expected in zip(images, tflm_outputs(chain.build(), images), strict=True):
        assert run_graph(graph, [image])[graph.outputs[0]].ravel().tolist() == expected.ravel().tolist()
    for prefer in ("ram", "balance", "speed"):
        assert_exact(chain.build(), SHAPE, seed=2, prefer=prefer)


def test_a_line_of_convolutions_keeps_rows_only():
    """Of 400 steps of 8 bytes; the output has 400 x 2 and is kept whole."""
    tflite = causal(causal(causal(Chain((1, 400, 8)), 8, 5), 8, 5), 2, 5).build()
    plain, small = (compile_tflite(tflite, prefer=prefer) for prefer in ("speed", "ram"))
    assert plain.program.nodes[0].shape == (1, 400, 8) and small.program.nodes[0].shape == (400, 1, 8)
    assert plain.plan.tensor_bytes >= 2 * 400 * 8 and small.plan.tensor_bytes <= 800 + 3 * 5 * 8
    assert Change("lines turned into columns", ["lines of up to 400 pixels"]) in small.explanation
    assert_exact(tflite, (1, 400, 8), seed=3)


@pytest.mark.parametrize(
    "chain",
    [
        Chain((2, 30, 4)).conv(3, (2, 3)),
        Chain((1, 1, 4)).conv(3, (1, 1)),
        Chain(SHAPE).conv(3, (1, 3)).reshape(2, 14, 3).max_pool((2, 2)),
        Chain(SHAPE).conv(3, (1, 3)).resize(1, 50),
        Chain((1, 3001, 1)).max_pool((1, 1), (1, 1)),
    ],
)
def test_what_is_no_line_throughout_stays(chain):
    graph, done = turned(chain)
    assert done == [] and graph.inputs[0].rows == chain.builder.tensors[0].shape[1:]


def test_windows_of_too_many_rows_stay_as_they_are():
    chain = Chain((1, 200, 2)).conv(2, (1, 150)).max_pool((1, 2), (1, 2))
    assert compile_tflite(chain.build(), prefer="ram").program.nodes[0].shape == (1, 200, 2)
    assert_exact(chain.build(), (1, 200, 2), seed=4)
