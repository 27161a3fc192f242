import convlet
import numpy as np
import pytest
from convlet.compile import compile_tflite
from convlet.errors import ModelError
from convlet.tflite_reader import read_tflite
from convolution_models import add_join, add_split
from operator_models import images_of, tflm_outputs
from tflite_builder import Builder


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
    compiled, images = compile_tflite(dilated(True), prefer="ram"), images_of((7, 8, 2), seed=1)
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


def side_by_side(is_open):
    """Two dilated Conv1D layers on one series, joined by an ADD: they share how it is cut into 2, and its new axis."""
    b, rng = Builder(), np.random.default_rng(5)
    source, split = b.tensor((1, 12, 3), 0.5, 3), b.tensor((2, 6, 3), 0.5, 3)
    images, result = b.tensor((2, 1, 6, 3), 0.5, 3), b.tensor((1, 8, 4), 80.0, 7)
    block, cut = b.constant(np.array([2], np.int32)), b.constant(np.array([[0, 0]], np.int32))
    axis, shape = b.constant(np.array(1, np.int32)), b.constant(np.array([-1, 4, 4], np.int32))
    options = {"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1, "Padding": 1}
    b.operator("SPACE_TO_BATCH_ND", [source, block, cut], split, "SpaceToBatchNDOptions")
    b.operator("EXPAND_DIMS", [split, axis], images, "ExpandDimsOptions")
    open_ones, made = [split, images], []
    for scale in (20.0, 30.0):
        weights = b.constant(rng.integers(-127, 128, (4, 1, 3, 3)).astype(np.int8), [0.25])
        convolved, lines = b.tensor((2, 1, 4, 4), scale, -5), b.tensor((2, 4, 4), scale, -5)
        made.append(b.tensor((1, 8, 4), scale, -5))
        b.operator("CONV_2D", [images, weights], convolved, "Conv2DOptions", **options)
        b.operator("RESHAPE", [convolved, shape], lines, "ReshapeOptions")
        b.operator("BATCH_TO_SPACE_ND", [lines, block, cut], made[-1], "BatchToSpaceNDOptions")
        open_ones += [convolved, lines]
    b.operator("ADD", made, result, "AddOptions")
    for tensor in map(b.tensors.__getitem__, open_ones if is_open else []):
        tensor.shape, tensor.signature = (1, *tensor.shape[1:]), (-1, *tensor.shape[1:])
    return b.build([source], [result])


@pytest.mark.parametrize("is_open", [False, True])
def test_dilated_series_side_by_side_are_exact(is_open):
    compiled, images = compile_tflite(side_by_side(is_open)), images_of((12, 3), seed=1)
    expected = tflm_outputs(side_by_side(is_open=False), images)
    model = convlet.Model(compiled.cvl)
    assert compiled.graph.is_open == is_open
    assert [list(model.run(image)) for image in images] == expected.reshape(len(images), -1).tolist()
