import numpy as np
import pytest
from chain import Chain
from convlet.compile import compile_tflite
from convlet.errors import ModelError
from convlet.ops import check_operators
from convlet.passes import simplify
from convlet.reference import run_graph
from convlet.stream import streamed
from convlet.tflite_reader import read_tflite
from hypothesis import given, settings
from hypothesis import strategies as st
from streams import assert_streams


def wide(steps=20, channels=3, seed=1):
    """Time is the width, as Keras' Conv1D has it."""
    return Chain((1, steps, channels), seed=seed)


def tall(steps=20, width=6, channels=2, seed=1):
    return Chain((steps, width, channels), seed=seed)


def causal(chain, channels, kernel, stride=1):
    """A convolution that sees `kernel` steps up to its own: in time along the width, or the height."""
    if chain.shape[0] == 1:
        return chain.pad(width=(kernel - 1, 0)).conv(channels, (1, kernel), (1, stride))
    return chain.pad(height=(kernel - 1, 0), width=(1, 1)).conv(channels, (kernel, 3), (stride, 1))


@pytest.mark.parametrize(
    "chain",
    [
        causal(causal(wide(), 4, 5), 3, 3),
        causal(causal(tall(), 4, 3), 3, 5),
        wide().conv(4, (1, 5)).max_pool((1, 2), (1, 2)).conv(4, (1, 3)).reduce("MEAN", [1, 2]).dense(3),
        tall().conv(4, (3, 3), (2, 1)).average_pool((2, 2)).reduce("MEAN", [1, 2]),
        tall().conv(4, (3, 3)).reduce("REDUCE_MAX", [1]).dense(3),
        tall().conv(4, (3, 3)).reduce("SUM", [2]).conv(5, (4, 1)),
        wide().conv(4, (1, 3), (1, 2)).dense(5),
        causal(tall(), 4, 3).max_pool((3, 2), (2, 2)).dense(5),
        tall().depthwise(2, (4, 3), padding="VALID").conv(4, (2, 4), groups=2).dense(2),
        causal(wide(), 4, 3).joined_with_itself(3).conv(3, (1, 2)),
        causal(wide(), 4, 3, 2).depthwise(1, (1, 3), padding="VALID"),
    ],
)
def test_streams_are_exact(chain):
    steps = 20
    assert_streams(chain.build(), steps)


def test_branches_run_side_by_side():
    chain = causal(wide(), 3, 3)
    made = chain.builder.tensor((1, 1, 20, 3), 0.05, 3)
    chain.builder.operator("ADD", [chain.tensor, chain.input], made, "AddOptions")
    assert_streams(chain.builder.build([chain.input], [made]), 20)


def test_a_branch_that_is_ahead_in_time_is_refused():
    chain = wide().conv(3, (1, 3))
    chain.conv(3, (1, 1)).pad(width=(1, 1))
    made = chain.builder.tensor((1, 1, 20, 3), 0.05, 3)
    chain.builder.operator("ADD", [chain.tensor, chain.input], made, "AddOptions")
    with pytest.raises(ModelError, match="does not treat all steps in time alike"):
        compile_tflite(chain.builder.build([chain.input], [made]), stream=True)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_random_streams_are_exact(data):
    draw = lambda low, high: data.draw(st.integers(low, high))  # noqa: E731
    steps, is_wide = draw(24, 40), data.draw(st.booleans())
    chain = wide(steps, draw(1, 5)) if is_wide else tall(steps, draw(1, 6), draw(1, 4))
    for _ in range(draw(1, 3)):
        kernel, stride = draw(1, 4), draw(1, 2)
        if data.draw(st.booleans()):
            causal(chain, draw(1, 6), kernel, stride)
        elif data.draw(st.booleans()):
            chain.conv(
                draw(1, 6), (1, kernel) if is_wide else (kernel, 1), (1, stride) if is_wide else (stride, 1)
            )
        else:
            size = (1, kernel) if is_wide else (kernel, 1)
            pool = data.draw(st.sampled_from([chain.max_pool, chain.average_pool]))
            pool(size, (1, stride) if is_wide else (stride, 1))
        if chain.shape[1 if is_wide else 0] < 5:
            break
    if data.draw(st.booleans()):
        chain.dense(draw(1, 4))
    assert_streams(chain.build(), steps, draw(0, 1000))


def test_the_graph_for_as_many_steps_is_the_same():
    graph = read_tflite(causal(tall(), 4, 3).dense(3).build())
    check_operators(graph)
    simplify(graph)
    image = np.random.default_rng(0).integers(-128, 128, (20, 6, 2)).astype(np.int8)
    expected = run_graph(graph, [image])[graph.outputs[0]]
    timed = streamed(graph, 20)
    assert np.array_equal(run_graph(timed, [image])[timed.outputs[0]], expected)
    longer = streamed(graph, 33)
    found = run_graph(longer, [np.concatenate([image, image[:13]])])[longer.outputs[0]]
    assert found.shape == (14, 1, 3) and np.array_equal(found[:1], expected)


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        (tall().conv(4, (3, 3), padding="SAME"), "needs 1 steps of the future"),
        (wide().conv(4, (1, 5), padding="SAME"), "needs 2 steps of the future"),
        (tall().pad(height=(0, 1)), "does not treat all steps in time alike"),
        (tall().transpose(1, 0, 2), "does not treat all steps in time alike"),
        (tall().resize(40, 6), "has no place in a stream"),
        (tall().conv(4).joined_with_itself(1), "joins tensors one behind the other in time"),
        (tall().conv(4, (1, 1)).reshape(10, 12, 4).conv(2), "cuts 20 steps in time into"),
    ],
)
def test_what_cannot_stream_is_refused(chain, reason):
    with pytest.raises(ModelError, match=reason):
        compile_tflite(chain.build(), stream=True)


def test_a_long_memory_is_refused():
    with pytest.raises(ModelError, match="rows of a kernel, the engine takes at most 128"):
        compile_tflite(tall(200).dense(3).build(), stream=True)
