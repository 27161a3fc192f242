"""Models that are small in one way or another, through the whole chain and against TFLM."""

import numpy as np
import pytest
from chain import digits_chain
from convlet.compile import compile_tflite
from convlet.engine import Model
from convlet.verify import random_images, verify
from several_ports import several_ports
from tflite_builder import Builder

WEIGHTS = (np.arange(35) - 17).astype(np.int8).reshape(5, 7)


def one_operator(kind, shape, made):
    b = Builder()
    source, result = b.tensor(shape, 0.5, 3), b.tensor(made, 0.5, 3)
    weights = [b.constant(WEIGHTS, [0.02])] if kind == "FULLY_CONNECTED" else []
    options = "FullyConnectedOptions" if weights else "ReshapeOptions"
    b.operator(kind, [source, *weights], result, options)
    return b.build([source], [result])


@pytest.mark.parametrize(
    ("kind", "shape", "made"),
    [
        ("RELU", (7,), (7,)),
        ("RELU", (1,), (1,)),
        ("FULLY_CONNECTED", (7,), (5,)),
        ("FULLY_CONNECTED", (7,), (1, 5)),
        ("RESHAPE", (1, 4, 6), (1, 24)),  # and nothing else
        ("RESHAPE", (24,), (1, 4, 6)),
    ],
)
def test_tensors_may_have_one_dimension(kind, shape, made):
    tflite = one_operator(kind, shape, made)
    compiled = compile_tflite(tflite)
    assert verify(tflite, compiled, random_images(compiled, 20)).exact


def test_all_outputs_are_compared():
    tflite = several_ports()
    compiled = compile_tflite(tflite)
    images = random_images(compiled, 20)
    result = verify(tflite, compiled, images)
    assert result.exact and result.outputs.shape == (20, 24)
    model = Model(compiled.cvl)
    for (a, b, c), expected in zip(images, result.outputs, strict=True):
        assert list(model.run(a, b, c)) == expected.tolist()


def test_a_mismatch_is_counted():
    """The oracle is given other biases."""
    compiled = compile_tflite(digits_chain().build())
    other = digits_chain()
    other.builder.tensors[-2].data[:] += 300
    result = verify(other.build(), compiled, random_images(compiled, 3))
    assert result.reference_mismatches == result.engine_mismatches == 3
