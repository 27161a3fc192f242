import math

import numpy as np
import pytest
from convlet.compile import compile_tflite
from convlet.errors import ModelError
from convlet.format import FLAG_LOGITS, HEADER
from convlet.ops import check_operators
from convlet.ops.softmax import exponentials
from convlet.tflite_reader import read_tflite
from elementwise_models import ElementwiseChain


def softmax(channels=10, scale=0.1, scale_out=1 / 256, zero_point_out=-128, beta=1.0):
    chain = ElementwiseChain((1, 1, channels), scale=scale, zero_point=7)
    return chain.of_one("SOFTMAX", scale_out, zero_point_out, Beta=beta).build()


@pytest.mark.parametrize(("scale", "beta"), [(0.1, 1.0), (0.01, 2.0), (2.0, 1.0), (50.0, 1.0), (1e-5, 1.0)])
def test_the_table_holds_what_counts(scale, beta):
    found = exponentials(read_tflite(softmax(scale=scale, beta=beta)).operators[0])
    real = np.exp(-np.arange(256) * scale * beta)
    assert found[0] == 2**31 - 1
    assert abs(found / 2**31 - real[: len(found)]).max() < 1e-6
    assert len(found) == 256 or real[len(found)] < 2**-20 * 1.001


def test_a_model_that_ends_with_it_gives_probabilities():
    cvl = compile_tflite(softmax()).cvl
    assert not HEADER.unpack(cvl)["flags"] & FLAG_LOGITS


def test_the_table_is_in_the_file():
    node = compile_tflite(softmax()).program.nodes[-1]
    assert node.parameter == math.ceil(math.log(2**20) / 0.1) and len(node.table) == 4 * node.parameter


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"scale_out": 1 / 128}, "has output scale 0.0078125 and zero point -128, expected 1/256 and -128"),
        ({"zero_point_out": 0}, "zero point 0, expected 1/256 and -128"),
        ({"channels": 4096}, "has 4096 channels, the engine takes at most 4095"),
        ({"scale": 1e-9}, "has beta 1.0 and input scale .*, so small that all its outputs are equal"),
    ],
)
def test_what_tflm_does_not_take_is_refused(fields, text):
    with pytest.raises(ModelError, match=text):
        check_operators(read_tflite(softmax(**fields)))
