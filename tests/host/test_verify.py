from dataclasses import replace

import numpy as np
import pytest
from chain import Chain, stream_chain
from convlet.compile import compile_tflite
from convlet.engine import Model
from convlet.verify import random_images, verify, verify_stream
from several_ports import several_ports
from tflite_builder import Builder

STRIDED = Chain((20, 6, 2)).conv(4, (3, 3), (2, 1)).reduce("MEAN", [1, 2]).dense(3)


def test_an_exact_model():
    tflite = STRIDED.build()
    compiled = compile_tflite(tflite)
    result = verify(tflite, compiled, random_images(compiled, 5))
    assert result.exact and result.images == 5 and result.outputs.shape == (5, 3)


@pytest.mark.parametrize(("chain", "outputs"), [(stream_chain(16), 16), (STRIDED, 1)])
def test_an_exact_stream(chain, outputs):
    tflite = chain.build()
    result = verify_stream(tflite, compile_tflite(tflite, stream=True), 3)
    assert result.exact and result.outputs.shape == (3 * outputs, 3)


def test_another_model_is_noticed():
    tflite, other = stream_chain(16).build(), compile_tflite(stream_chain(16, seed=12).build(), stream=True)
    result = verify_stream(tflite, other, 2)
    assert not result.exact and result.engine_mismatches > 10 and result.reference_mismatches > 10
    swapped = replace(other, cvl=compile_tflite(tflite, stream=True).cvl)
    result = verify_stream(tflite, swapped, 2)
    assert result.engine_mismatches == 0 < result.reference_mismatches


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
