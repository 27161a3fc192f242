"""TRANSPOSE_CONV: every input pixel adds the kernel, times its value, to the output `stride` pixels further on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import tflite

from convlet.errors import ModelError
from convlet.graph import Operator
from convlet.node import Node
from convlet.ops.requantization import finish
from convlet.ops.spec import OperatorSpec
from convlet.ops.weights import check_shape, check_weights
from convlet.ops.window import WINDOW_OPTIONS, padding_before, size_out


def _as_convolution(operator: Operator) -> Operator:
    """The operator with the inputs of a CONV_2D: input, weights, bias. The output's shape, its first, is known."""
    _, weights, source, *bias = operator.inputs
    return replace(operator, inputs=[source, weights, *bias])


def _check(operator: Operator) -> None:
    if not 3 <= len(operator.inputs) <= 4 or operator.inputs[0].data is None:
        raise ModelError(f"{operator} needs a constant output shape, weights, an input and at most one bias")
    convolution = _as_convolution(operator)
    check_weights(convolution)
    weights = convolution.inputs[1]
    kernel = weights.shape[1:3] if len(weights.shape) == 4 else (0, 0)
    check_shape(convolution, (operator.output.rows[2], *kernel, convolution.inputs[0].rows[2]))


def paddings_of(operator: Operator) -> tuple[int, int]:
    """Rows and columns that the output lacks in front: those of the convolution whose gradient the operator is.

    TFLM's transpose_conv.cc computes them so. Raises ModelError where that would not make the input's size.
    """
    options, weights = operator.options, operator.inputs[1]
    strides = options["stride_h"], options["stride_w"]
    kernel = weights.shape[1:3]
    if min(*kernel, *strides) < 1:
        raise ModelError(f"{operator} has a kernel or stride below 1")
    same = options["padding"] == "SAME"
    sizes = list(zip(operator.output.rows[:2], kernel, strides, strict=True))
    expected = tuple(size_out(size, k, stride, 1, same) for size, k, stride in sizes)
    if operator.inputs[2].rows[:2] != expected:
        height, width, _ = operator.inputs[2].rows
        raise ModelError(
            f"{operator} reads {height} x {width} pixels, expected {expected[0]} x {expected[1]} for its output"
        )
    if not same:
        return 0, 0
    top, left = (
        padding_before(size, n, k, stride, 1) for (size, k, stride), n in zip(sizes, expected, strict=True)
    )
    return top, left


def _reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """TFLM's reference_integer_ops::TransposeConv: scatters; what falls outside the output is lost."""
    convolution = _as_convolution(operator)
    source, weights = convolution.inputs[0], convolution.inputs[1].constant.astype(np.int64)
    stride_h, stride_w = operator.options["stride_h"], operator.options["stride_w"]
    top, left = paddings_of(operator)
    (out_h, out_w, channels), (in_h, in_w, _) = operator.output.rows, source.rows
    _, kernel_h, kernel_w, _ = weights.shape
    x = inputs[0].astype(np.int64) - source.zero_point
    # With room for all that is scattered, and for an output that goes on behind it.
    room_h = max((in_h - 1) * stride_h + kernel_h, top + out_h)
    room_w = max((in_w - 1) * stride_w + kernel_w, left + out_w)
    sums = np.zeros((room_h, room_w, channels), np.int64)
    for ky in range(kernel_h):
        for kx in range(kernel_w):
            to = sums[ky : ky + in_h * stride_h : stride_h, kx : kx + in_w * stride_w : stride_w]
            to += x @ weights[:, ky, kx].T
    return finish(convolution, sums[top : top + out_h, left : left + out_w])


def _lower(operator: Operator, sources: tuple[int, ...]) -> Node:
    raise AssertionError(f"passes.transposed makes a CONV_2D of {operator}")


OPERATORS = {
    "TRANSPOSE_CONV": OperatorSpec(_reference, _lower, _check, tflite.TransposeConvOptions, WINDOW_OPTIONS),
}
