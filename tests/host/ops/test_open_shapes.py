from pathlib import Path

import convlet
import numpy as np
import pytest
from convlet.compile import compile_tflite
from convlet.errors import ModelError
from convlet.graph import Tensor
from convlet.ops.open_shapes import close_shape
from convlet.oracle import Oracle
from convlet.tflite_reader import read_tflite
from operator_models import images_of, tflm_outputs
from tflite_builder import Builder

VECTORS = Path(__file__).parents[2] / "vectors"


def dense_on_steps(is_open):
    """What Keras makes of a Dense layer on 4 steps: each is a vector, and behind it a step again. Where the batch is
    free, the converter does not know how many vectors there are.
    """
    b, rng = Builder(), np.random.default_rng(3)
    source, vectors = b.tensor((1, 4, 6), 0.5, 3), b.tensor((4, 6), 0.5, 3)
    made, result = b.tensor((4, 5), 20.0, -9), b.tensor((1, 4, 5), 20.0, -9)
    shapes = [b.constant(np.array(shape, np.int32)) for shape in ([-1, 6], [1, 4, 5])]
    weights = b.constant(rng.integers(-127, 128, (5, 6)).astype(np.int8), [0.25])
    b.operator("RESHAPE", [source, shapes[0]], vectors, "ReshapeOptions")
    b.operator("FULLY_CONNECTED", [vectors, weights], made, "FullyConnectedOptions")
    b.operator("RESHAPE", [made, shapes[1]], result, "ReshapeOptions")
    if is_open:
        b.tensors[vectors].shape, b.tensors[vectors].signature = (1, 1), (-1, -1)
        b.tensors[made].shape, b.tensors[made].signature = (1, 5), (-1, 5)
    return b.build([source], [result])


def test_open_shapes_are_exact():
    model = convlet.Model(compile_tflite(dense_on_steps(is_open=True)).cvl)
    images = images_of((4, 6), seed=1)
    expected = tflm_outputs(dense_on_steps(is_open=False), images)
    assert [list(model.run(image)) for image in images] == expected.reshape(len(images), -1).tolist()


def test_tflm_is_not_asked_for_them():
    closed, opened = (Oracle(dense_on_steps(is_open)) for is_open in (False, True))
    assert closed.name == "tflite-micro"
    assert (
        opened.name
        == "the numpy reference, since tflite-micro takes 1 for what the file leaves open of shapes"
    )


def test_every_shape_follows_from_the_inputs():
    kinds = set()
    for path in VECTORS.glob("*.tflite"):
        for operator in read_tflite(path.read_bytes()).operators:
            wanted = operator.output.full_shape
            operator.output.batch, operator.output.shape = 1, (1,) * (len(wanted) - 1)
            operator.output.open_axes = tuple(range(len(wanted)))
            try:
                assert close_shape(operator) == any(size > 1 for size in wanted)
            except ModelError:
                operator.output.batch, operator.output.shape = wanted[0], wanted[1:]
                continue
            assert operator.output.full_shape == wanted, operator
            kinds.add(operator.kind)
    assert kinds >= {
        "ADD",
        "CONV_2D",
        "MAX_POOL_2D",
        "FULLY_CONNECTED",
        "PAD",
        "CONCATENATION",
        "TRANSPOSE",
    }


def test_what_does_not_follow_is_refused():
    operator = read_tflite(dense_on_steps(is_open=False)).operators[0]
    operator.output.open_axes = (0, 1)
    operator.kind = "RESIZE_BILINEAR"
    with pytest.raises(
        ModelError, match=r"whose shape the file leaves open: convert the model with a batch of 1"
    ):
        close_shape(operator)
    operator.kind, operator.inputs[1] = "TILE", operator.inputs[0]
    with pytest.raises(ModelError, match=r"operator 0 \(TILE\) has no constant integers as its input 1"):
        close_shape(operator)
    operator.kind, operator.inputs[1] = "TILE", Tensor("c", (3,), np.ones(1), 0, np.array([1, 0, 2]), None)
    with pytest.raises(ModelError, match=r"operator 0 \(TILE\) makes a tensor of shape \[1, 0, 12\]"):
        close_shape(operator)
