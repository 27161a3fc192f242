"""CONV_2D, with groups and dilation, and DEPTHWISE_CONV_2D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import tflite

from convlet.errors import ModelError
from convlet.graph import Operator
from convlet.node import Node, Window
from convlet.ops.depthwise_3x3 import filtered
from convlet.ops.requantization import finish
from convlet.ops.spec import OperatorSpec
from convlet.ops.weights import check_shape, check_weights, lower_weighted
from convlet.ops.wide import widened
from convlet.ops.window import WINDOW_OPTIONS, over_windows, window_of

DILATION_OPTIONS = {"dilation_h": "DilationHFactor", "dilation_w": "DilationWFactor"}
DEPTHWISE_BLOCK = 4  # channels that the engine's depthwise kernel makes together: it takes no fewer


def _window(operator: Operator) -> Window:
    kernel_h, kernel_w = operator.inputs[1].shape[1:3]
    return window_of(operator, kernel_h, kernel_w)


def _kernel(operator: Operator) -> tuple[int, ...]:
    weights = operator.inputs[1]
    return weights.shape[1:] if len(weights.shape) == 4 else (0, 0, 0)


def _check_conv(operator: Operator) -> None:
    check_weights(operator)
    kernel_h, kernel_w, group = _kernel(operator)
    channels_in, channels = operator.inputs[0].rows[2], operator.output.rows[2]
    whole_groups = group and channels_in % group == 0 and channels % (channels_in // group) == 0
    check_shape(operator, (channels, kernel_h, kernel_w, group if whole_groups else channels_in))


def _reference_conv(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """TFLM's reference_integer_ops::ConvPerChannel: padding adds nothing, which is what the zero point means."""
    zero_point = operator.inputs[0].zero_point
    weights = operator.inputs[1].constant.astype(np.int64)
    groups = inputs[0].shape[2] // weights.shape[3]

    def products(windows: np.ndarray) -> np.ndarray:
        parts = np.split(windows - zero_point, groups, axis=4)
        pairs = zip(parts, np.split(weights, groups), strict=True)
        return np.concatenate([np.tensordot(x, w, axes=((2, 3, 4), (1, 2, 3))) for x, w in pairs], axis=2)

    size = operator.output.rows[:2]
    return finish(operator, over_windows(inputs[0], _window(operator), size, zero_point, products))


def _lower_conv(operator: Operator, sources: tuple[int, ...]) -> Node:
    return _lower_groups(operator, sources, operator.inputs[1].constant)


def _lower_groups(operator: Operator, sources: tuple[int, ...], weights: np.ndarray) -> Node:
    """A CONV_2D of the engine, whose parameter is the input channels of a group where there are several.

    `weights`: int8[channels, kernel_h, kernel_w, channels of a group].
    """
    node = lower_weighted("CONV_2D", operator, sources, _window(operator), weights)
    group = weights.shape[3]
    if group == operator.inputs[0].rows[2]:
        return replace(node, faster=widened(operator, node, weights))
    return replace(node, parameter=group)


def _check_depthwise(operator: Operator) -> None:
    check_weights(operator)
    kernel_h, kernel_w, _ = _kernel(operator)
    channels_in, channels = operator.inputs[0].rows[2], operator.output.rows[2]
    check_shape(operator, (1, kernel_h, kernel_w, channels))
    multiplier = operator.options["multiplier"]
    if multiplier * channels_in != channels:
        raise ModelError(
            f"{operator} makes {channels} channels of {channels_in}, but its multiplier is {multiplier}"
        )


def _reference_depthwise(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """TFLM's reference_integer_ops::DepthwiseConvPerChannel: `multiplier` outputs from each input channel."""
    zero_point = operator.inputs[0].zero_point
    out_h, out_w, channels = operator.output.rows
    weights = operator.inputs[1].constant[0].astype(np.int64)
    by_input = weights.reshape(*weights.shape[:2], -1, operator.options["multiplier"])

    def products(windows: np.ndarray) -> np.ndarray:
        made = np.einsum("yxklc,klcm->yxcm", windows - zero_point, by_input)
        return made.reshape(*made.shape[:2], channels)

    return finish(operator, over_windows(inputs[0], _window(operator), (out_h, out_w), zero_point, products))


def _lower_depthwise(operator: Operator, sources: tuple[int, ...]) -> Node:
    """The engine's kernel is for many channels with one filter each; the others are groups of one input channel."""
    weights = operator.inputs[1].constant
    by_channel = np.moveaxis(weights, 3, 0).reshape(weights.shape[3], *weights.shape[1:3], 1)
    if operator.options["multiplier"] > 1 or weights.shape[3] < DEPTHWISE_BLOCK:
        return _lower_groups(operator, sources, by_channel)
    node = lower_weighted("DEPTHWISE_CONV_2D", operator, sources, _window(operator), by_channel)
    node = replace(node, weights=weights.tobytes())
    return replace(node, faster=filtered(operator, node, weights[0]))


OPERATORS = {
    "CONV_2D": OperatorSpec(
        _reference_conv, _lower_conv, _check_conv, tflite.Conv2DOptions, WINDOW_OPTIONS | DILATION_OPTIONS
    ),
    "DEPTHWISE_CONV_2D": OperatorSpec(
        _reference_depthwise,
        _lower_depthwise,
        _check_depthwise,
        tflite.DepthwiseConv2DOptions,
        WINDOW_OPTIONS | DILATION_OPTIONS | {"multiplier": "DepthMultiplier"},
    ),
}
