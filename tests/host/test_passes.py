import convlet
import numpy as np
import pytest
from chain import Chain, digits_chain
from convlet.compile import compile_tflite
from convlet.errors import ModelError
from convlet.passes import (
    drop_unread,
    elide_reshapes,
    fold_constants,
    fold_pads,
    merge_moves,
    simplify,
    split_concatenations,
)
from convlet.program import lower
from convlet.tflite_reader import read_tflite
from convolution_models import add_join, add_split
from exactness import assert_exact
from movement_models import flatten_of_free_batch
from operator_models import images_of, tflm_outputs
from tflite_builder import Builder


def kinds_after(chain, change=simplify):
    graph = read_tflite(chain.build())
    change(graph)
    return graph, [operator.kind for operator in graph.operators]


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


def test_what_nobody_reads_is_dropped():
    chain = Chain((6, 6, 1)).conv(2)
    kept = chain.tensor
    chain.conv(3).max_pool()
    chain.tensor = kept
    assert kinds_after(chain, drop_unread)[1] == ["CONV_2D"]


def dilated(through_batch, block=(2, 3), crops=(), **changes):
    """A 3 x 3 convolution with padding SAME and dilation 2 x 3 of 7 x 8 pixels, with the dilation as an option, or
    through the batch; `changes` are of the inner convolution's options."""
    b = Builder()
    source, result = b.tensor((1, 7, 8, 2), 0.5, 3), b.tensor((1, 7, 8, 3), 20.0, -5)
    rng = np.random.default_rng(7)
    constants = [
        b.constant(rng.integers(-127, 128, (3, 3, 3, 2)).astype(np.int8), [0.5]),
        b.constant(rng.integers(-99, 99, 3).astype(np.int32), [0.25]),
    ]
    options = {"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1} | changes
    if not through_batch:
        options |= {"Padding": 0, "DilationHFactor": 2, "DilationWFactor": 3}
        b.operator("CONV_2D", [source, *constants], result, "Conv2DOptions", **options)
        return b.build([source], [result])
    # 2 rows above and 2 + 1 below, so that 12 can be halved; 3 columns left, 3 + 1 right.
    split, inner = b.tensor((6, 6, 5, 2), 0.5, 3), b.tensor((6, 4, 3, 3), 20.0, -5)
    add_split(b, source, split, [2, 3], [[2, 3], [3, 4]])
    b.operator("CONV_2D", [split, *constants], inner, "Conv2DOptions", Padding=1, **options)
    add_join(b, inner, result, list(block), list(crops) or [[0, 1], [0, 1]])
    return b.build([source], [result])


def test_a_convolution_through_the_batch_is_a_dilation():
    compiled, images = compile_tflite(dilated(True)), images_of((7, 8, 2), seed=1)
    assert [node.kind for node in compiled.program.nodes] == ["INPUT", "CONV_2D"]
    window = compiled.program.nodes[1].window
    assert (window.dilation_h, window.dilation_w, window.pad_top, window.pad_left) == (2, 3, 2, 3)
    # TFLM's own SPACE_TO_BATCH_ND pads with what lies in its memory: the dilation as an option is what is meant.
    expected = tflm_outputs(dilated(False), images)
    model = convlet.Model(compiled.cvl)
    assert [list(model.run(image)) for image in images] == expected.reshape(len(images), -1).tolist()


@pytest.mark.parametrize(
    "changes", [{"block": (2, 2)}, {"crops": [[1, 1], [0, 1]]}, {"StrideH": 2}, {"DilationWFactor": 2}]
)
def test_other_ways_through_the_batch_are_refused(changes):
    text = r"operator 0 \(SPACE_TO_BATCH_ND\) is supported only before a convolution and BATCH_TO_SPACE_ND"
    with pytest.raises(ModelError, match=text):
        read_tflite(dilated(True, **changes))


def test_a_pad_goes_into_the_convolution_behind_it():
    graph, kinds = kinds_after(Chain((6, 6, 1)).pad((1, 0), (0, 2)).conv(2), fold_pads)
    assert kinds == ["CONV_2D"] and graph.operators[0].options["pads"] == (1, 0)
    assert graph.operators[0].inputs[0] is graph.inputs[0]
    window = lower(graph).nodes[1].window
    assert (window.pad_top, window.pad_left) == (1, 0)


@pytest.mark.parametrize("stride", [(1, 1), (2, 1), (2, 3)])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("pads", [((1, 0), (0, 2)), ((0, 3), (4, 0)), ((5, 5), (1, 1))])
def test_convolutions_that_pad_are_exact(stride, padding, pads):
    tflite = Chain((6, 7, 2)).pad(*pads).conv(3, (3, 4), stride, padding).build()
    nodes = compile_tflite(tflite, prefer="ram").program.nodes
    assert [node.kind for node in nodes] == ["INPUT", "CONV_2D"]
    assert_exact(tflite, (6, 7, 2), seed=1)


def test_pads_one_after_the_other_go_into_the_convolution():
    graph, kinds = kinds_after(Chain((6, 6, 1)).pad((1, 0)).pad((1, 1), (2, 0)).conv(2))
    assert kinds == ["CONV_2D"] and graph.operators[0].options["pads"] == (2, 2)


@pytest.mark.parametrize(
    "chain",
    [
        Chain((6, 6, 1)).pad((1, 0), channels=(0, 1)).conv(2),
        Chain((6, 6, 1)).pad((200, 0)).conv(2),
        Chain((6, 6, 1)).pad((1, 0)).max_pool(),
        Chain((6, 6, 1)).conv(2).pad((1, 0)),
    ],
)
def test_other_pads_stay(chain):
    assert "PAD" in kinds_after(chain, fold_pads)[1]


def test_a_pad_with_another_value_stays():
    chain = Chain((6, 6, 1)).pad((1, 0))
    chain.builder.tensors[chain.tensor].zero_point = 3
    assert kinds_after(chain.conv(2), fold_pads)[1] == ["PAD", "CONV_2D"]


def test_moves_that_follow_each_other_become_one():
    chain = (
        Chain((4, 6, 2)).conv(3, (1, 1)).pad((1, 1)).transpose(0, 2, 1).pad((0, 1), channels=(1, 0)).conv(2)
    )
    graph, kinds = kinds_after(chain, merge_moves)
    assert kinds == ["CONV_2D", "COPY", "CONV_2D"]
    assert graph.operators[1].inputs == [graph.operators[0].output]
    assert_exact(chain.build(), (4, 6, 2), seed=1)


def test_moves_that_undo_each_other_vanish():
    chain = Chain((4, 6, 2)).conv(3, (1, 1)).transpose(1, 0, 2).transpose(1, 0, 2).conv(2)
    assert kinds_after(chain)[1] == ["CONV_2D", "CONV_2D"]


def test_moves_in_rows_do_not_read_the_whole_because_of_one_that_must():
    """The transposition reads the pad's whole output; merged, the pad would wait for the whole input too."""
    chain = Chain((4, 6, 2)).conv(3, (1, 1)).transpose(2, 0, 1).pad((1, 0)).conv(2)
    assert kinds_after(chain, merge_moves)[1] == ["CONV_2D", "COPY", "CONV_2D"]
    chain = Chain((4, 6, 2)).space_to_depth(2).pad((1, 0)).max_pool()
    assert kinds_after(chain, merge_moves)[1] == ["SPACE_TO_DEPTH", "PAD", "MAX_POOL_2D"]


def test_moves_that_an_output_needs_stay():
    chain = Chain((4, 6, 2)).conv(3, (1, 1)).pad((1, 0))
    kept = chain.tensor
    graph = read_tflite(chain.transpose(0, 2, 1).builder.build([chain.input], [kept, chain.tensor]))
    merge_moves(graph)
    assert [operator.kind for operator in graph.operators] == ["CONV_2D", "PAD", "TRANSPOSE"]


def test_pads_of_different_values_stay_apart():
    chain = Chain((4, 6, 2)).conv(3, (1, 1)).pad((1, 0))
    chain.zero_point += 1
    assert kinds_after(chain.pad((0, 1)), merge_moves)[1] == ["CONV_2D", "PAD", "PAD"]


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


def test_concatenations_of_many_become_those_of_two():
    chain = Chain((2, 3, 1)).conv(2, (1, 1))
    first = chain.tensor
    for _ in range(3):
        chain.conv(2, (1, 1))
    tensors = [first, first, chain.tensor, chain.tensor]
    result = chain.builder.tensor((1, 2, 3, 8), chain.scale, chain.zero_point)
    chain.builder.operator("CONCATENATION", tensors, result, "ConcatenationOptions", Axis=-1)
    graph = read_tflite(chain.builder.build([chain.input], [result]))
    split_concatenations(graph)
    joins = [operator for operator in graph.operators if operator.kind == "CONCATENATION"]
    assert [operator.output.rows for operator in joins] == [(2, 3, 4), (2, 3, 6), (2, 3, 8)]
    assert [len(operator.inputs) for operator in joins] == [2, 2, 2]


def test_a_concatenation_of_one_is_a_reshape():
    chain = Chain((2, 3, 1)).conv(2, (1, 1))
    chain = chain._layer("CONCATENATION", [], chain.shape, "ConcatenationOptions", Axis=1)
    assert kinds_after(chain.conv(1, (1, 1)))[1] == ["CONV_2D", "CONV_2D"]


def test_shape_arithmetic_is_computed():
    graph = read_tflite(flatten_of_free_batch())  # which folds them
    before = len(graph.operators)
    fold_constants(graph)
    assert len(graph.operators) == before
    assert [operator.kind for operator in graph.operators] == ["MAX_POOL_2D", "RESHAPE"]
    assert graph.operators[1].inputs[1].data.tolist() == [1, -1]
