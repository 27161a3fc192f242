"""FULLY_CONNECTED: a dense layer on the whole input, or the same one on each of its pixels.

In a stream it is one on each of the windows of `window_rows` rows, an option that stream.py sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import tflite
from numpy.lib.stride_tricks import sliding_window_view

from convlet.errors import ModelError
from convlet.graph import Operator
from convlet.node import ONE_PIXEL, SUM_BYTES, WHOLE_INPUT, Node, Window
from convlet.ops.requantization import finish
from convlet.ops.spec import OperatorSpec
from convlet.ops.weights import check_shape, check_weights, lower_weighted
from convlet.ops.wide import widened


def _check(operator: Operator) -> None:
    check_weights(operator)
    height, width, channels_in = operator.inputs[0].rows
    out_h, out_w, channels = operator.output.rows
    check_shape(operator, (channels, height * width * channels_in // (out_h * out_w)))
    if (out_h, out_w) not in ((1, 1), (height, width)):
        raise ModelError(
            f"{operator} makes {operator.output.rows} of {operator.inputs[0].rows}, "
            "expected one vector, or one for each pixel"
        )


def _reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """TFLM's reference_integer_ops::FullyConnected: the weights times each vector of the input."""
    weights = operator.inputs[1].constant.astype(np.int64)
    values = inputs[0]
    if "window_rows" in operator.options:
        values = sliding_window_view(values, operator.options["window_rows"], axis=0)
        values = np.moveaxis(values, -1, 1)
    vectors = values.reshape(-1, weights.shape[1]).astype(np.int64) - operator.inputs[0].zero_point
    return finish(operator, vectors @ weights.T)


def _lower(operator: Operator, sources: tuple[int, ...]) -> Node:
    weights = operator.inputs[1].constant
    if "window_rows" in operator.options:
        window = Window(operator.options["window_rows"], operator.inputs[0].rows[1])
        node = lower_weighted("CONV_2D", operator, sources, window, weights)
        rows = len(weights), window.kernel_h, window.kernel_w, operator.inputs[0].rows[2]
        return replace(node, faster=widened(operator, node, weights.reshape(rows)))
    as_pixels = weights[:, np.newaxis, np.newaxis, :]
    if operator.output.rows[:2] != (1, 1):
        node = lower_weighted("CONV_2D", operator, sources, ONE_PIXEL, weights)
    else:
        node = lower_weighted("FULLY_CONNECTED", operator, sources, WHOLE_INPUT, weights)
        node = replace(node, accumulator_bytes=SUM_BYTES * len(weights))
    return replace(node, faster=widened(operator, node, as_pixels))


OPERATORS = {
    "FULLY_CONNECTED": OperatorSpec(
        _reference,
        _lower,
        _check,
        tflite.FullyConnectedOptions,
        {"activation": "FusedActivationFunction"},
        any_shape=True,
    ),
}
