"""Small examples by hand; tests/engine compares the reference with TFLM on random models."""

import numpy as np
from convlet.reference import run_graph
from convlet.tflite_reader import read_tflite
from tflite_builder import Builder


def outputs_of(builder, source, result, image):
    graph = read_tflite(builder.build([source], [result]))
    return run_graph(graph, [np.array(image)])[graph.outputs[0]].tolist()


def weighted(name, weights, bias, shapes, options, **fields):
    """One operator with scales 0.5, 1 and 0.5: its output is its sum; zero points 1 and -2."""
    b = Builder()
    source, result = b.tensor((1, *shapes[0]), 0.5, 1), b.tensor((1, *shapes[1]), 0.5, -2)
    inputs = [source, b.constant(np.array(weights, np.int8), [1.0])]
    inputs.append(b.constant(np.array(bias, np.int32), [0.5]))
    b.operator(name, inputs, result, options, **fields)
    return b, source, result


def test_conv2d():
    """[[1, 2], [3, 4]] * 2x2 kernel [[1, 1], [1, 2]], padded below and right by zeros, plus 10."""
    model = weighted(
        "CONV_2D", [[[[1], [1]], [[1], [2]]]], [10], ((2, 2, 1), (2, 2, 1)), "Conv2DOptions",
        Padding=0, StrideH=1, StrideW=1,
    )  # fmt: skip
    image = [[[2], [3]], [[4], [5]]]
    assert outputs_of(*model, image) == [[[24 - 2 - 0], [16 - 2 + 0]], [[17 - 2], [14 - 2]]]


def test_fully_connected():
    model = weighted(
        "FULLY_CONNECTED", [[1, 2, 3], [-1, 0, 1], [100, 100, 100]], [0, 5, 0], ((3,), (3,)),
        "FullyConnectedOptions",
    )  # fmt: skip
    assert outputs_of(*model, [2, 4, 6]) == [[[1 + 6 + 15 - 2, 5 + 4 - 2, 127]]]


def test_max_pool2d_ignores_what_is_outside():
    b = Builder()
    source, result = b.tensor((1, 3, 3, 1), 1.0, 0), b.tensor((1, 2, 2, 1), 1.0, 0)
    window = {"Padding": 0, "StrideH": 2, "StrideW": 2, "FilterHeight": 2, "FilterWidth": 2}
    b.operator("MAX_POOL_2D", [source], result, "Pool2DOptions", **window)
    image = [[[-9], [5], [-3]], [[1], [-1], [-2]], [[-7], [-8], [-9]]]
    assert outputs_of(b, source, result, image) == [[[5], [-2]], [[-7], [-9]]]


def test_reshape_cuts_rows_anew():
    b = Builder()
    source, result = b.tensor((1, 2, 3, 1), 1.0, 0), b.tensor((1, 3, 1, 2), 1.0, 0)
    b.operator("RESHAPE", [source], result, "ReshapeOptions")
    assert outputs_of(b, source, result, range(6)) == [[[0, 1]], [[2, 3]], [[4, 5]]]


def test_images_come_in_any_shape():
    b = Builder()
    source, result = b.tensor((1, 2, 2, 1), 1.0, 0), b.tensor((1, 4), 1.0, 0)
    b.operator("RESHAPE", [source], result, "ReshapeOptions")
    for shape in ((4,), (2, 2), (1, 2, 2, 1)):
        assert outputs_of(b, source, result, np.arange(4).reshape(shape)) == [[[0, 1, 2, 3]]]
