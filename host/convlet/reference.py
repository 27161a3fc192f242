"""Numpy implementation of each operator with TFLM's arithmetic: whole tensors, plain, slow, the same int8
values.

Arrays are int8[height, width, channels].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from convlet.graph import Graph, Operator, Tensor
from convlet.operators import clamp_of, requantization_of, window_of
from convlet.quantization import INT8_MIN, requantize


def _windows(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    """int64[out_h, out_w, kernel_h, kernel_w, C]: the operator's windows on `x`, `fill` outside the image."""
    window = window_of(operator)
    out_h, out_w, _ = operator.output.rows
    rows = (
        np.arange(out_h)[:, None] * window.stride_h
        - window.pad_top
        + np.arange(window.kernel_h) * window.dilation_h
    )
    columns = (
        np.arange(out_w)[:, None] * window.stride_w
        - window.pad_left
        + np.arange(window.kernel_w) * window.dilation_w
    )
    rows, columns = rows[:, None, :, None], columns[None, :, None, :]
    inside = (rows >= 0) & (rows < x.shape[0]) & (columns >= 0) & (columns < x.shape[1])
    values = x[rows.clip(0, x.shape[0] - 1), columns.clip(0, x.shape[1] - 1)].astype(np.int64)
    return np.where(inside[..., None], values, fill)


def _finish(operator: Operator, products: np.ndarray) -> np.ndarray:
    """int8 output from the sums of products [..., C] of a convolution or dense layer."""
    quantization = requantization_of(operator)
    values = requantize(products + quantization.bias, quantization.multiplier, quantization.shift)
    values = values + operator.output.zero_point
    return values.clip(quantization.clamp_min, quantization.clamp_max).astype(np.int8)


def conv2d(operator: Operator, x: np.ndarray) -> np.ndarray:
    """TFLM's reference_integer_ops::ConvPerChannel: padding adds nothing, which is what the zero point
    means.
    """
    zero_point = operator.inputs[0].zero_point
    windows = _windows(operator, x, zero_point) - zero_point
    weights = operator.inputs[1].constant.astype(np.int64)
    return _finish(operator, np.tensordot(windows, weights, axes=((2, 3, 4), (1, 2, 3))))


def fully_connected(operator: Operator, x: np.ndarray) -> np.ndarray:
    """TFLM's reference_integer_ops::FullyConnected: the weights times each vector of the input."""
    weights = operator.inputs[1].constant.astype(np.int64)
    vectors = x.reshape(-1, weights.shape[1]).astype(np.int64) - operator.inputs[0].zero_point
    return _finish(operator, vectors @ weights.T)


def max_pool2d(operator: Operator, x: np.ndarray) -> np.ndarray:
    """TFLM's reference_integer_ops::MaxPool."""
    clamp_min, clamp_max = clamp_of(operator)
    return _windows(operator, x, INT8_MIN).max(axis=(2, 3)).clip(clamp_min, clamp_max).astype(np.int8)


def reshape(operator: Operator, x: np.ndarray) -> np.ndarray:
    """The same values in another shape."""
    return x


_FUNCTIONS: dict[str, Callable[[Operator, np.ndarray], np.ndarray]] = {
    "CONV_2D": conv2d,
    "FULLY_CONNECTED": fully_connected,
    "MAX_POOL_2D": max_pool2d,
    "RESHAPE": reshape,
}


def run_operator(operator: Operator, x: np.ndarray) -> np.ndarray:
    """The operator's output, int8[height, width, channels], for the int8 input `x`."""
    return _FUNCTIONS[operator.kind](operator, x).reshape(operator.output.rows)


def run_graph(graph: Graph, inputs: Sequence[np.ndarray]) -> dict[Tensor, np.ndarray]:
    """All tensors of the graph, int8[height, width, channels] each, for int8 `inputs`, one for each of the
    graph's.
    """
    values = {
        tensor: np.asarray(value, np.int8).reshape(tensor.rows)
        for tensor, value in zip(graph.inputs, inputs, strict=True)
    }
    for operator in graph.operators:
        values[operator.output] = run_operator(operator, values[operator.inputs[0]])
    return values
