import numpy as np
import pytest
from convlet.compile import compile_tflite
from convlet.errors import ModelError
from convlet.ops import check_operators
from convlet.tflite_reader import read_tflite
from elementwise_models import BINARY
from tflite_builder import Builder

WHOLE = (3, 4, 5)


def two(kind, first, second, result=WHOLE, scales=(0.1, 0.07, 0.11), **fields):
    """A model of one operator; a shape is a computed tensor, an array a constant."""
    b, inputs, computed = Builder(), [], []
    for operand, scale in zip((first, second), scales, strict=False):
        if isinstance(operand, np.ndarray):
            inputs.append(b.constant(operand, [scale]))
        else:
            inputs.append(b.tensor((1, *operand), scale, 3))
            computed.append(inputs[-1])
    output = b.tensor((1, *result), scales[2], -4)
    b.operator(kind, inputs, output, BINARY[kind], **fields)
    return b.build(computed, [output])


def node_of(*arguments, **fields):
    return compile_tflite(two(*arguments, **fields)).program.nodes[-1]


def constant(*shape):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(np.int8)


def refused(text, *arguments, **fields):
    with pytest.raises(ModelError, match=text):
        check_operators(read_tflite(two(*arguments, **fields)))


@pytest.mark.parametrize("kind", BINARY)
@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1), (5,)])
def test_a_single_number_makes_a_table(kind, shape):
    node = node_of(kind, WHOLE, np.full(shape, 9, np.int8))
    assert node.kind == "LOOKUP" and len(node.table) == 256 and node.sources == (0,)


def test_the_whole_tensor_comes_first():
    assert node_of("SUB", (1, 1, 5), WHOLE).sources == (1, 0)
    assert node_of("SUB", WHOLE, (1, 1, 5)).sources == (0, 1)
    assert node_of("SUB", WHOLE, WHOLE).sources == (0, 1)
    assert node_of("MUL", constant(5), WHOLE).sources == (0,)


@pytest.mark.parametrize(
    ("shape", "axes"), [((5,), 4), ((1, 4, 1), 2), ((3, 1, 1), 1), ((3, 1, 5), 5), ((1, *WHOLE), 7)]
)
def test_constants_say_along_which_axes_they_are_long(shape, axes):
    node = node_of("MUL", WHOLE, constant(*shape))
    assert node.parameter == axes and node.weights == constant(*shape).tobytes()


def test_activations_are_clamps():
    node = node_of("ADD", WHOLE, WHOLE, FusedActivationFunction=1)
    assert (node.clamp_min, node.clamp_max) == (-4, 127)


def test_sums_are_weighted_where_that_is_exact():
    assert node_of("ADD", WHOLE, WHOLE).kind == "WEIGHTED_SUM"
    assert node_of("ADD", WHOLE, WHOLE, scales=(1 / 32, 1 / 9, 1 / 11)).kind == "ADD"


def test_shapes_that_do_not_fit_are_refused():
    fitting = "expected one computed tensor at least, and lengths that are the output's or 1"
    refused(rf"makes \(3, 4, 5\) of \(3, 1, 5\) and \(1, 2, 5\): {fitting}", "MUL", (3, 1, 5), (1, 2, 5))
    refused(fitting, "MUL", (3, 1, 5), (3, 1, 5))
    refused(fitting, "ADD", WHOLE, (3, 2, 5))
    refused(fitting, "ADD", WHOLE, (4, 5), result=(3, 4, 4))
    refused("has slopes of a greater shape than its input", "PRELU", (1, 1, 5), WHOLE)


def test_operands_that_are_not_int8_are_refused():
    refused("a constant of type int32, expected int8", "ADD", WHOLE, np.ones(5, np.int32))
    graph = read_tflite(two("MUL", WHOLE, constant(5)))
    graph.operators[0].inputs[1].scale = np.zeros(0, np.float32)
    with pytest.raises(ModelError, match=r"a constant with scale \[\], expected one positive number"):
        check_operators(graph)
    graph.operators[0].inputs.pop()
    with pytest.raises(ModelError, match="has 1 inputs, expected 2"):
        check_operators(graph)


def test_scales_at_which_tflm_aborts_are_refused():
    scales = (2.0, 0.07, 2.0**-19)
    refused("scales too great or too small for its output's", "ADD", WHOLE, WHOLE, scales=scales)
    refused("scales too great or too small for its output's", "SUB", WHOLE, WHOLE, scales=scales)


def test_activations_that_are_no_clamp_are_refused():
    refused("the fused activation TANH", "ADD", WHOLE, WHOLE, FusedActivationFunction=4)
