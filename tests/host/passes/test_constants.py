import convlet
import numpy as np
import pytest
from convlet.compile import compile_tflite
from convlet.passes import (
    fold_constants,
)
from convlet.tflite_reader import read_tflite
from movement_models import flatten_of_free_batch
from operator_models import images_of, tflm_outputs
from tflite_builder import Builder


def test_shape_arithmetic_is_computed():
    graph = read_tflite(flatten_of_free_batch())  # which folds them
    before = len(graph.operators)
    fold_constants(graph)
    assert len(graph.operators) == before
    assert [operator.kind for operator in graph.operators] == ["MAX_POOL_2D", "RESHAPE"]
    assert graph.operators[1].inputs[1].data.tolist() == [1, -1]


def first_step(is_filled):
    """The first step of an unrolled recurrent layer: its state is a constant, which a dense layer reads."""
    b, rng = Builder(), np.random.default_rng(4)
    source, made, result = (b.tensor((1, 4), scale, 3) for scale in (0.5, 20.0, 9.0))
    state = b.constant(np.full((1, 4), -6, np.int8), [0.5])
    if is_filled:
        shape, value = b.constant(np.array([1, 4], np.int32)), b.constant(np.array(-6, np.int8), [0.5])
        state = b.tensor((1, 4), 0.5, 0)
        b.operator("FILL", [shape, value], state, "FillOptions")
    weights = b.constant(rng.integers(-127, 128, (4, 4)).astype(np.int8), [0.25])
    squashed = b.tensor((1, 4), 1 / 128, 0)
    b.operator("FULLY_CONNECTED", [state, weights], made, "FullyConnectedOptions")
    b.operator("TANH", [made], squashed, "NegOptions")
    b.operator("ADD", [source, squashed], result, "AddOptions")
    return b.build([source], [result])


@pytest.mark.parametrize("is_filled", [False, True])
def test_what_reads_constants_only_is_computed(is_filled):
    compiled, images = compile_tflite(first_step(is_filled)), images_of((4,), seed=1)
    assert [node.kind for node in compiled.program.nodes] == ["INPUT", "WEIGHTED_SUM"]
    expected = tflm_outputs(first_step(is_filled=False), images)
    model = convlet.Model(compiled.cvl)
    assert [list(model.run(image)) for image in images] == expected.reshape(len(images), -1).tolist()
