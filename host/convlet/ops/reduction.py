"""MEAN, SUM and REDUCE_MAX over any of height, width and channels.

In a stream what goes over the height goes over windows of `window_rows` rows, an option that stream.py sets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import tflite
from numpy.lib.stride_tricks import sliding_window_view

from convlet.errors import ModelError
from convlet.graph import Operator, Shape
from convlet.node import ONE_PIXEL, SUM_BYTES, WHOLE_INPUT, Node, Window
from convlet.ops.requantization import Requantization
from convlet.ops.spec import OperatorSpec, reads_one_tensor
from convlet.ops.weights import channel_table
from convlet.quantization import INT8_MAX, INT8_MIN, quantize_multiplier, requantize

MAX_SUMMED = 1 << 23  # values whose sum, each 255 at most, fits 32 bits
TFLM_SUMMED_AXES = 2  # kMaxNumberOfReducedAxis in TFLM's reduce_common.cc


def reduced_axes(operator: Operator) -> tuple[int, ...]:
    """The axes that it reduces: 0 is the height, 1 the width, 2 the channels.

    `passes.keep_reduced_axes` puts them into the options, because what the constant says depends on the dimensions
    of the input, which a RESHAPE that is elided may change. Raises ModelError for an axis that is none of these.
    """
    if "axes" in operator.options:
        known: tuple[int, ...] = operator.options["axes"]
        return known
    rank = len(operator.inputs[0].shape) + 1
    values = [int(axis) for axis in operator.inputs[1].constant.ravel()]
    # Axis 0 of the tensor is its batch, the last one its channels.
    axes = sorted({axis + rank * (axis < 0) + 3 - rank for axis in values})
    if any(not -rank <= axis < rank or axis % rank == 0 for axis in values):
        raise ModelError(f"{operator} reduces axes {values}, expected 1 to {rank - 1}")
    return tuple(axes)


def kept_rows(operator: Operator) -> Shape:
    """The shape of its output when it keeps the reduced dimensions, with size 1 or one for each window."""
    axes = reduced_axes(operator)
    rows = operator.inputs[0].rows
    height, width, channels = (1 if i in axes else n for i, n in enumerate(rows))
    if "window_rows" in operator.options:
        height = rows[0] - operator.options["window_rows"] + 1
    return height, width, channels


def _check(operator: Operator) -> None:
    if len(operator.inputs) != 2 or operator.inputs[1].data is None:
        raise ModelError(f"{operator} needs constant axes")
    if operator.inputs[1].constant.dtype != np.int32:
        raise ModelError(f"{operator} has axes of type {operator.inputs[1].constant.dtype}, expected int32")
    reads_one_tensor(operator)
    expected, found = math.prod(kept_rows(operator)), math.prod(operator.output.rows)
    if found != expected:
        raise ModelError(f"{operator} makes {found} values, expected {expected}")


def _check_sum(operator: Operator) -> None:
    _check(operator)
    axes = operator.inputs[1].constant.size
    if axes > TFLM_SUMMED_AXES:
        raise ModelError(f"{operator} reduces {axes} axes, expected at most {TFLM_SUMMED_AXES}, as TFLM does")
    if _summed(operator) > MAX_SUMMED:
        raise ModelError(f"{operator} adds {_summed(operator)} values, expected at most {MAX_SUMMED}")


def _check_max(operator: Operator) -> None:
    _check(operator)
    source, result = operator.inputs[0], operator.output
    if (source.tensor_scale, source.zero_point) != (result.tensor_scale, result.zero_point):
        raise ModelError(f"{operator} has another scale or zero point than its input, expected the same")


def _summed(operator: Operator) -> int:
    """Values that make one output."""
    rows = operator.options.get("window_rows", operator.inputs[0].rows[0])
    shape = rows, *operator.inputs[0].rows[1:]
    return math.prod(shape[axis] for axis in reduced_axes(operator))


def _windows(operator: Operator, x: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """What it reduces, and over which axes: the rows of each window, where there are any, stand last."""
    axes = reduced_axes(operator)
    if "window_rows" not in operator.options:
        return x, axes
    windows = sliding_window_view(x, operator.options["window_rows"], axis=0)
    return windows, tuple(3 if axis == 0 else axis for axis in axes)


def _requantization(operator: Operator) -> Requantization:
    """How its sums become int8: TFLM's QuantizedMeanOrSum (kernels/internal/reference/reduce.h).

    A MEAN divides the multiplier by the number of values, after shifting it left as far as that gains precision.
    """
    count = _summed(operator)
    real = float(operator.inputs[0].tensor_scale) / float(operator.output.tensor_scale)
    multiplier, shift = quantize_multiplier(real)
    if operator.kind == "MEAN":
        more = min(count.bit_length() - 1, 31 + shift)
        multiplier, shift = (multiplier << more) // count, shift - more
    bias = -operator.inputs[0].zero_point * count
    return Requantization(np.array([bias]), np.array([multiplier]), np.array([shift]), INT8_MIN, INT8_MAX)


def _reference_sum(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """TFLM's QuantizedMeanOrSum."""
    quantization = _requantization(operator)
    values, axes = _windows(operator, inputs[0].astype(np.int64))
    sums = values.sum(axis=axes) + quantization.bias
    values = requantize(sums, quantization.multiplier, quantization.shift) + operator.output.zero_point
    return values.clip(INT8_MIN, INT8_MAX).astype(np.int8)


def _reference_max(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """TFLM's ReduceGeneric (kernels/internal/reference/reduce.h)."""
    values, axes = _windows(operator, inputs[0])
    return values.max(axis=axes)


def _lower_sum(operator: Operator, sources: tuple[int, ...]) -> Node:
    quantization = _requantization(operator)
    table = channel_table(quantization, quantization.bias)
    return _lower("SUM", operator, sources, SUM_BYTES * math.prod(operator.output.rows), table)


def _lower_max(operator: Operator, sources: tuple[int, ...]) -> Node:
    return _lower("REDUCE_MAX", operator, sources, 0, b"")


def _lower(
    kind: str, operator: Operator, sources: tuple[int, ...], accumulator_bytes: int, table: bytes
) -> Node:
    """A node that takes row by row, and accumulates where it reduces the height.

    `passes.keep_reduced_axes` has given the output the shape of `kept_rows`.
    """
    assert operator.output.rows == kept_rows(operator), operator
    if "window_rows" in operator.options:
        window = Window(operator.options["window_rows"], 1)
        return Node(kind, operator.output, sources, window, table=table)
    if 0 not in reduced_axes(operator):
        return Node(kind, operator.output, sources, ONE_PIXEL, table=table)
    node = Node(kind, operator.output, sources, WHOLE_INPUT, table=table, accumulator_bytes=accumulator_bytes)
    return node.accumulating()


_OPTIONS = {"keep_dims": "KeepDims"}
OPERATORS = {
    "MEAN": OperatorSpec(_reference_sum, _lower_sum, _check_sum, tflite.ReducerOptions, _OPTIONS),
    "SUM": OperatorSpec(_reference_sum, _lower_sum, _check_sum, tflite.ReducerOptions, _OPTIONS),
    "REDUCE_MAX": OperatorSpec(_reference_max, _lower_max, _check_max, tflite.ReducerOptions, _OPTIONS),
}
