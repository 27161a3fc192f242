from dataclasses import replace

import pytest
from chain import Chain, stream_chain
from convlet.compile import compile_tflite
from convlet.verify import random_images, verify, verify_stream

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
