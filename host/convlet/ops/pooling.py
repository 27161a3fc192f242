"""MAX_POOL_2D and AVERAGE_POOL_2D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import tflite

from convlet.errors import ModelError
from convlet.format import KERNEL_ALL, MAX_KERNEL_H
from convlet.graph import Operator
from convlet.node import SUM_BYTES, Node, Window
from convlet.ops.requantization import clamp_of
from convlet.ops.spec import OperatorSpec, reads_one_tensor
from convlet.ops.window import WINDOW_OPTIONS, over_windows, window_of
from convlet.quantization import INT8_MIN

POOL_OPTIONS = WINDOW_OPTIONS | {"kernel_h": "FilterHeight", "kernel_w": "FilterWidth"}


def _window(operator: Operator) -> Window:
    return window_of(operator, operator.options["kernel_h"], operator.options["kernel_w"])


def _check(operator: Operator) -> None:
    reads_one_tensor(operator)
    channels = operator.inputs[0].rows[2], operator.output.rows[2]
    if channels[0] != channels[1]:
        raise ModelError(f"{operator} makes {channels[1]} channels of {channels[0]}")


def _reference_max(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """TFLM's reference_integer_ops::MaxPool."""
    clamp_min, clamp_max = clamp_of(operator)
    size = operator.output.rows[:2]
    greatest = over_windows(inputs[0], _window(operator), size, INT8_MIN, lambda x: x.max(axis=(2, 3)))
    return greatest.clip(clamp_min, clamp_max).astype(np.int8)


def _reference_average(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """TFLM's reference_integer_ops::AveragePool: padding does not count; halves are rounded away from zero.

    Like TFLM's, it takes the scales of input and output for equal.
    """
    clamp_min, clamp_max = clamp_of(operator)
    size, window = operator.output.rows[:2], _window(operator)
    sums, counts = (
        over_windows(x, window, size, 0, lambda windows: windows.sum(axis=(2, 3)))
        for x in (inputs[0], np.ones_like(inputs[0]))
    )
    averages = np.sign(sums) * ((np.abs(sums) + counts // 2) // counts)
    return averages.clip(clamp_min, clamp_max).astype(np.int8)


def _lower_max(operator: Operator, sources: tuple[int, ...]) -> Node:
    return _lower(operator, sources, 0)


def _lower_average(operator: Operator, sources: tuple[int, ...]) -> Node:
    _, width, channels = operator.output.rows
    return _lower(operator, sources, SUM_BYTES * width * channels)


def _lower(operator: Operator, sources: tuple[int, ...], accumulator_bytes: int) -> Node:
    window = _single_window(operator) if operator.output.rows[0] == 1 else _window(operator)
    clamp_min, clamp_max = clamp_of(operator)
    node = Node(operator.kind, operator.output, sources, window, clamp_min=clamp_min, clamp_max=clamp_max)
    if window.kernel_h not in (window.stride_h, KERNEL_ALL):
        return node
    node = replace(node, accumulator_bytes=accumulator_bytes)
    # More rows than the engine has pointers for: they must come one by one.
    return node if 0 < window.kernel_h <= MAX_KERNEL_H else node.accumulating()


def _single_window(operator: Operator) -> Window:
    """The window of a pool that makes one row: its stride does not matter, so that it may accumulate."""
    window = _window(operator)
    if window.kernel_h > MAX_KERNEL_H and window.kernel_h - window.pad_top >= operator.inputs[0].rows[0]:
        return replace(window, kernel_h=KERNEL_ALL, stride_h=1, pad_top=0)
    return replace(window, stride_h=window.kernel_h)


OPERATORS = {
    "MAX_POOL_2D": OperatorSpec(_reference_max, _lower_max, _check, tflite.Pool2DOptions, POOL_OPTIONS),
    "AVERAGE_POOL_2D": OperatorSpec(
        _reference_average, _lower_average, _check, tflite.Pool2DOptions, POOL_OPTIONS
    ),
}
