"""CONV_2D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tflite

from convlet.graph import Operator
from convlet.node import Node, Window
from convlet.ops.requantization import finish
from convlet.ops.spec import OperatorSpec
from convlet.ops.weights import check_shape, check_weights, lower_weighted
from convlet.ops.window import WINDOW_OPTIONS, window_of, windows_on

DILATION_OPTIONS = {"dilation_h": "DilationHFactor", "dilation_w": "DilationWFactor"}


def _window(operator: Operator) -> Window:
    kernel_h, kernel_w = operator.inputs[1].shape[1:3]
    return window_of(operator, kernel_h, kernel_w)


def _check(operator: Operator) -> None:
    check_weights(operator)
    weights = operator.inputs[1]
    kernel = weights.shape[1:3] if len(weights.shape) == 4 else (0, 0)
    check_shape(operator, (operator.output.rows[2], *kernel, operator.inputs[0].rows[2]))


def _reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """TFLM's reference_integer_ops::ConvPerChannel: padding adds nothing, which is what the zero point means."""
    zero_point = operator.inputs[0].zero_point
    out_h, out_w, _ = operator.output.rows
    windows = windows_on(inputs[0], _window(operator), out_h, out_w, zero_point) - zero_point
    weights = operator.inputs[1].constant.astype(np.int64)
    return finish(operator, np.tensordot(windows, weights, axes=((2, 3, 4), (1, 2, 3))))


def _lower(operator: Operator, sources: tuple[int, ...]) -> Node:
    return lower_weighted("CONV_2D", operator, sources, _window(operator), operator.inputs[1].constant)


OPERATORS = {
    "CONV_2D": OperatorSpec(
        _reference, _lower, _check, tflite.Conv2DOptions, WINDOW_OPTIONS | DILATION_OPTIONS
    ),
}
