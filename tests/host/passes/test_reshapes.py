import numpy as np
from chain import Chain, digits_chain, kinds_after
from convlet.passes import (
    elide_reshapes,
)
from exactness import assert_exact


def test_a_reshape_before_a_dense_layer_vanishes():
    graph, kinds = kinds_after(digits_chain())
    assert kinds == ["CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED"]
    assert graph.operators[2].inputs[0] is graph.operators[1].output


def test_a_reshape_of_the_input_changes_the_input():
    graph, kinds = kinds_after(Chain((1, 1, 36)).reshape(6, 6, 1).conv(2), elide_reshapes)
    assert kinds == ["CONV_2D"] and graph.inputs[0].shape == (6, 6, 1)
    assert graph.operators[0].inputs[0] is graph.inputs[0]


def test_a_reshape_of_the_output_vanishes():
    graph, kinds = kinds_after(Chain((6, 6, 1)).conv(2).reshape(32))
    assert kinds == ["CONV_2D"] and graph.outputs == [graph.operators[0].output]


def test_a_reshape_into_the_same_rows_vanishes():
    assert kinds_after(Chain((6, 6, 1)).conv(2).reshape(4, 4, 2).conv(2))[1] == ["CONV_2D", "CONV_2D"]


def test_a_reshape_into_other_rows_stays():
    assert kinds_after(Chain((6, 6, 1)).conv(2).reshape(8, 2, 2).conv(2, (1, 1)))[1][1] == "RESHAPE"


def test_a_reshape_stays_before_a_window_over_all_its_rows():
    assert kinds_after(Chain((6, 6, 1)).conv(2).reshape(8, 2, 2).conv(2, (8, 2)))[1][1] == "RESHAPE"


def test_reshapes_one_after_the_other_become_one():
    chain = Chain((6, 6, 1)).conv(2).reshape(8, 2, 2).reshape(2, 4, 4).conv(2, (1, 1))
    assert kinds_after(chain)[1] == ["CONV_2D", "RESHAPE", "CONV_2D"]


def test_a_reshape_of_a_convolution_on_a_line_vanishes_before_what_counts_axes():
    """As Conv1D makes them: the padding behind has three axes, the convolution's output four."""
    chain = Chain((1, 9, 2)).conv(3, (1, 3)).reshape(7, 3)
    pads = chain.builder.constant(np.array([(0, 0), (2, 0), (0, 0)], np.int32))
    padded = chain.builder.tensor((1, 9, 3), chain.scale, chain.zero_point)
    chain.builder.operator("PAD", [chain.tensor, pads], padded, "PadOptions")
    chain.tensor, chain.shape = padded, (1, 9, 3)
    chain.reshape(1, 9, 3).conv(2, (1, 3)).reshape(7, 2)
    graph, kinds = kinds_after(chain)
    assert kinds == ["CONV_2D", "CONV_2D"] and graph.operators[1].options["pads"] == (0, 2)
    assert_exact(chain.build(), (1, 9, 2), seed=1)


def test_a_reshape_between_other_scales_stays():
    chain = Chain((6, 6, 1)).conv(2)
    chain.scale *= 2
    assert kinds_after(chain.reshape(32).dense(3))[1] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
