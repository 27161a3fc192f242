from convlet.passes import (
    fold_constants,
)
from convlet.tflite_reader import read_tflite
from movement_models import flatten_of_free_batch


def test_shape_arithmetic_is_computed():
    graph = read_tflite(flatten_of_free_batch())  # which folds them
    before = len(graph.operators)
    fold_constants(graph)
    assert len(graph.operators) == before
    assert [operator.kind for operator in graph.operators] == ["MAX_POOL_2D", "RESHAPE"]
    assert graph.operators[1].inputs[1].data.tolist() == [1, -1]
