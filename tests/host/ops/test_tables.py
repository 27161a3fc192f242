import math

import numpy as np
import pytest
from convlet.compile import compile_tflite
from convlet.errors import ModelError
from convlet.ops import REGISTRY, check_operators
from convlet.tflite_reader import read_tflite
from elementwise_models import UNARY, unary, unary_models
from hypothesis import given, settings
from hypothesis import strategies as st
from operator_models import tflm_outputs

ALL_INPUTS = np.arange(-128, 128).astype(np.int8).reshape(1, 16, 16)
SHAPE = ALL_INPUTS.shape
SIMPLE = ((1 / 32, 0), (1 / 32, 0))


def table_of(tflite):
    """The values of all inputs, from the numpy reference."""
    operator = read_tflite(tflite).operators[0]
    REGISTRY[operator.kind].check(operator)
    return REGISTRY[operator.kind].reference(operator, [ALL_INPUTS]).ravel().tolist()


@pytest.mark.parametrize("kind", UNARY)
def test_all_values_are_those_of_tflm(kind):
    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(unary_models(st.just(SHAPE), (kind,)))
    def check(model):
        assert table_of(model.tflite) == tflm_outputs(model.tflite, ALL_INPUTS[np.newaxis]).ravel().tolist()

    check()


def test_the_engines_table_begins_with_the_value_of_zero():
    node = compile_tflite(unary("RELU6", SHAPE, SIMPLE)).program.nodes[1]
    assert node.kind == "LOOKUP"
    assert list(node.table) == [*range(128), *([0] * 128)]


def test_relu_n1_to_1():
    """TFLM has none: real values from -1 to 1 at another scale and zero point."""
    table = table_of(unary("RELU_N1_TO_1", SHAPE, ((1 / 32, 10), (1 / 64, -3))))
    assert table == [min(max(2 * (x - 10), -64), 64) - 3 for x in range(-128, 128)]


@pytest.mark.parametrize("approximate", [False, True])
def test_gelu(approximate):
    """TFLM has none."""

    def gelu(x):
        cubic = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return x / 2 * (1 + (math.tanh(cubic) if approximate else math.erf(x / math.sqrt(2))))

    ends = ((1 / 20, 5), (1 / 40, -100))
    operator = read_tflite(unary("GELU", SHAPE, ends, Approximate=approximate)).operators[0]
    found = REGISTRY["GELU"].reference(operator, [ALL_INPUTS]).ravel()
    real = np.array([gelu((x - 5) / 20) for x in range(-128, 128)]) * 40 - 100
    assert abs(found - real.clip(-128, 127)).max() <= 0.5 + 1e-9


@pytest.mark.parametrize(
    ("kind", "ends", "text"),
    [
        ("LOGISTIC", SIMPLE, r"operator 0 \(LOGISTIC\) has zero point 0, expected -128"),
        ("HARD_SWISH", ((1.0, 0), (1 / 128, 0)), "has an input scale 128 times its output's"),
    ],
)
def test_quantisations_that_tflm_does_not_take_are_refused(kind, ends, text):
    with pytest.raises(ModelError, match=text):
        table_of(unary(kind, SHAPE, ends))


def test_the_shape_stays():
    graph = read_tflite(unary("ABS", SHAPE, SIMPLE))
    graph.operators[0].output.shape = (1, 16, 15)
    with pytest.raises(ModelError, match=r"makes \(1, 16, 15\) of \(1, 16, 16\), expected the same shape"):
        check_operators(graph)
