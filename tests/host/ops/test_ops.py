import numpy as np
import pytest
from chain import Chain, digits_chain
from convlet.errors import ModelError
from convlet.ops import check_operators
from convlet.ops.requantization import clamp_of, requantization_of
from convlet.ops.window import window_of
from convlet.tflite_reader import read_tflite
from operator_models import ACTIVATIONS


def graph_of(chain):
    return read_tflite(chain.build())


def pads(size, kernel, stride, padding):
    """Padding above and left of one pool's windows over a square image."""
    chain = Chain((size, size, 1)).max_pool((kernel, kernel), (stride, stride), padding)
    window = window_of(graph_of(chain).operators[0], kernel, kernel)
    return window.pad_top, window.pad_left


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad"),
    [(8, 3, 1, 1), (8, 2, 1, 0), (8, 3, 2, 0), (9, 3, 2, 1), (8, 5, 1, 2), (2, 7, 1, 3), (8, 1, 3, 0)],
)
def test_same_puts_the_odd_pixel_behind(size, kernel, stride, pad):
    assert pads(size, kernel, stride, "SAME") == (pad, pad)
    if kernel <= size:
        assert pads(size, kernel, stride, "VALID") == (0, 0)


def test_the_output_must_follow_from_the_window():
    chain = Chain((8, 8, 1)).max_pool()
    chain.builder.tensors[chain.tensor].shape = (1, 4, 5, 1)
    with pytest.raises(ModelError, match=r"operator 0 \(MAX_POOL_2D\) makes 4 x 5 pixels, expected 4 x 4"):
        window_of(graph_of(chain).operators[0], 2, 2)


def test_a_stride_of_zero_is_refused():
    operator = graph_of(Chain((8, 8, 1)).max_pool()).operators[0]
    operator.options["stride_w"] = 0
    with pytest.raises(ModelError, match="a kernel, stride or dilation below 1"):
        window_of(operator, 2, 2)


def test_activations_that_are_no_clamp_are_refused():
    operator = graph_of(Chain((8, 8, 1)).max_pool()).operators[0]
    operator.options["activation"] = "TANH"
    with pytest.raises(ModelError, match="fused activation TANH, which is not supported"):
        clamp_of(operator)
    operator.options["activation"] = "RELU_N1_TO_1"
    assert clamp_of(operator) == (-128, 127) and "RELU_N1_TO_1" in ACTIVATIONS


def test_requantization_has_one_entry_a_channel():
    operator = graph_of(Chain((8, 8, 3)).conv(5)).operators[0]
    found = requantization_of(operator)
    assert [len(found.bias), len(found.multiplier), len(found.shift)] == [5, 5, 5]
    source, weights, _ = operator.inputs
    real = source.scale[0].astype(float) * weights.scale.astype(float) / float(operator.output.scale[0])
    assert found.multiplier * 2.0 ** (found.shift - 31) == pytest.approx(real, rel=1e-9)
    assert (found.clamp_min, found.clamp_max) == (operator.output.zero_point, 127)  # RELU


@pytest.mark.parametrize("scale", [float("nan"), float("inf")])
def test_scales_are_numbers(scale):
    operator = graph_of(Chain((8, 8, 3)).conv(5)).operators[0]
    operator.inputs[1].scale = operator.inputs[1].scale.copy()
    operator.inputs[1].scale[2] = scale
    with pytest.raises(ModelError, match=r"operator 0 .* has scales that are not numbers"):
        requantization_of(operator)


def refused(change, text):
    """`change` the tensors of a convolution; it must be refused with `text`."""
    graph = graph_of(Chain((8, 8, 3)).conv(5))
    check_operators(graph)
    change(graph.operators[0])
    with pytest.raises(ModelError, match=text):
        check_operators(graph)


def test_weights_are_checked():
    def set_weights(**fields):
        return lambda operator: vars(operator.inputs[1]).update(fields)

    refused(
        set_weights(data=np.zeros((5, 3, 3, 3), np.float32)),
        "constants of type float32, int32, expected int8",
    )
    refused(set_weights(zero_point=1), "5 scales and zero point 1, expected 1 or 5 scales and zero point 0")
    refused(set_weights(scale=np.ones(2, np.float32)), "weights with 2 scales")
    refused(set_weights(shape=(5, 3, 3, 2)), r"weights of shape \[5, 3, 3, 2\], expected \[5, 3, 3, 3\]")
    refused(set_weights(data=None), "needs constant weights and at most one constant bias")
    refused(lambda operator: operator.inputs.pop(1), "has constants of type int32")
    refused(
        lambda operator: vars(operator.inputs[2]).update(shape=(4,)), r"bias of shape \[4\], expected \[5\]"
    )
    refused(lambda operator: operator.inputs.pop(0), "operator 0 .* reads a constant")


def test_reshapes_keep_the_number_of_values():
    chain = digits_chain()
    graph = graph_of(chain)
    check_operators(graph)
    graph.operators[2].output.shape = (71,)
    with pytest.raises(ModelError, match=r"operator 2 \(RESHAPE\) makes 71 values of 72"):
        check_operators(graph)


def test_all_unknown_operators_are_named_with_their_positions():
    graph = graph_of(digits_chain())
    graph.operators[1].kind, graph.operators[3].kind = "WHERE", "INPUT"
    with pytest.raises(
        ModelError, match=r"^not supported yet: operator 1 \(WHERE\), operator 3 \(INPUT\)\. Instead of WHERE"
    ):
        check_operators(graph)


def test_images_are_what_most_operators_read():
    """A RESHAPE may make anything; a pool of it would take its first axis for rows."""
    graph = graph_of(Chain((4, 6, 1)).reshape(2, 4, 3, 1).max_pool((1, 1), (1, 1)))
    with pytest.raises(
        ModelError, match=r"\(MAX_POOL_2D\) reads the tensor 'tensor1' of shape \[1, 2, 4, 3, 1\], exp"
    ):
        check_operators(graph)
