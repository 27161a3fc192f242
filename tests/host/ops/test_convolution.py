import pytest
from chain import Chain
from convlet.errors import ModelError
from convlet.ops import check_operators
from convlet.passes import simplify
from convlet.program import lower
from convlet.tflite_reader import read_tflite


def graph_of(chain):
    return read_tflite(chain.build())


def refused(chain, change, text):
    """`change` the model's first operator; it must be refused with `text`."""
    graph = graph_of(chain)
    check_operators(graph)
    change(graph.operators[0])
    with pytest.raises(ModelError, match=text):
        check_operators(graph)
        simplify(graph)
        lower(graph)


def set_weights(shape):
    return lambda operator: vars(operator.inputs[1]).update(shape=shape)


def test_groups_must_divide_the_channels():
    chain = Chain((8, 8, 6)).conv(4, groups=2)
    text = r"weights of shape \[.*\], expected \[4, 3, 3, 6\]"
    for group in (0, 1, 2, 4, 5, 7):  # of 6, 3 and 1.5 groups, of which 4 channels are no multiple
        refused(chain, set_weights((4, 3, 3, group)), text)


def test_the_engine_is_told_the_channels_of_a_group():
    def parameter(chain):
        return lower(graph_of(chain)).nodes[1].parameter

    assert parameter(Chain((8, 8, 6)).conv(4)) == 0
    assert parameter(Chain((8, 8, 6)).conv(4, groups=2)) == 3
    assert parameter(Chain((8, 8, 6)).depthwise(2)) == 1


@pytest.mark.parametrize(
    ("channels", "multiplier", "kind"),
    [(1, 1, "CONV_2D"), (3, 1, "CONV_2D"), (4, 1, "DEPTHWISE_CONV_2D"), (4, 2, "CONV_2D")],
)
def test_the_depthwise_kernel_is_for_many_channels_with_one_filter(channels, multiplier, kind):
    node = lower(graph_of(Chain((8, 8, channels)).depthwise(multiplier))).nodes[1]
    assert node.kind == kind
    assert node.macs == 64 * 9 * channels * multiplier
    assert len(node.weights) == 9 * channels * multiplier


def test_depthwise_weights_have_one_filter_for_each_output():
    chain = Chain((8, 8, 6)).depthwise(2)
    refused(chain, set_weights((1, 3, 3, 6)), r"shape \[1, 3, 3, 6\], expected \[1, 3, 3, 12\]")
    refused(chain, set_weights((3, 3, 12)), "expected")
    refused(
        chain,
        lambda operator: operator.options.update(multiplier=3),
        "makes 12 channels of 6, but its multiplier is 3",
    )


def test_transposed_convolutions_are_checked():
    chain = Chain((5, 4, 3)).transpose_conv(2)
    refused(
        chain, lambda operator: vars(operator.inputs[0]).update(data=None), "needs a constant output shape"
    )
    refused(chain, set_weights((2, 3, 3, 2)), r"expected \[2, 3, 3, 3\]")
    refused(chain, lambda operator: operator.options.update(stride_h=0), "a kernel or stride below 1")
    refused(
        chain,
        lambda operator: operator.options.update(stride_h=3),
        "reads 5 x 4 pixels, expected 4 x 4 for its output",
    )
    refused(
        chain, lambda operator: operator.options.update(activation="TANH"), "TANH, which is not supported"
    )
