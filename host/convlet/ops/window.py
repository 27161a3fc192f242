"""The windows of convolutions and pools: TFLite's padding.cc and padding.h in one place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convlet.errors import ModelError
from convlet.graph import Operator
from convlet.limits import MOST_ROW_OF_WINDOWS, check_limit
from convlet.node import Window

_MOST_COPIED = 1 << 20  # values of windows that are copied together

# The options that convolutions and pools share, with the accessors of TFLite's tables.
WINDOW_OPTIONS = {
    "padding": "Padding",
    "stride_h": "StrideH",
    "stride_w": "StrideW",
    "activation": "FusedActivationFunction",
}


def window_of(operator: Operator, kernel_h: int, kernel_w: int) -> Window:
    """The window of an operator with this kernel. Raises ModelError when its output's shape does not follow from it."""
    options = operator.options
    stride_h, stride_w = options["stride_h"], options["stride_w"]
    dilation_h, dilation_w = options.get("dilation_h", 1), options.get("dilation_w", 1)
    if min(kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w) < 1:
        raise ModelError(f"{operator} has a kernel, stride or dilation below 1")
    seen = operator.output.rows[1] * kernel_h * kernel_w * operator.inputs[0].rows[2]
    check_limit(str(operator), "values in the windows of a row", seen, MOST_ROW_OF_WINDOWS)
    if "pads" in options:  # a pass has put them there, and knows what the output's shape is
        top, left = options["pads"]
        return Window(kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, top, left)
    same = options["padding"] == "SAME"
    in_h, in_w, _ = operator.inputs[0].rows
    out_h, out_w, _ = operator.output.rows
    expected = (
        size_out(in_h, kernel_h, stride_h, dilation_h, same),
        size_out(in_w, kernel_w, stride_w, dilation_w, same),
    )
    if (out_h, out_w) != expected:
        raise ModelError(f"{operator} makes {out_h} x {out_w} pixels, expected {expected[0]} x {expected[1]}")
    return Window(
        kernel_h=kernel_h,
        kernel_w=kernel_w,
        stride_h=stride_h,
        stride_w=stride_w,
        dilation_h=dilation_h,
        dilation_w=dilation_w,
        pad_top=padding_before(in_h, out_h, kernel_h, stride_h, dilation_h) if same else 0,
        pad_left=padding_before(in_w, out_w, kernel_w, stride_w, dilation_w) if same else 0,
    )


def size_out(size_in: int, kernel: int, stride: int, dilation: int, same: bool) -> int:
    """Output size of a window over `size_in` pixels: TFLite's ComputeOutSize."""
    covered = 1 if same else (kernel - 1) * dilation + 1
    return (size_in - covered) // stride + 1


def padding_before(size_in: int, size_out: int, kernel: int, stride: int, dilation: int) -> int:
    """Pixels before the image with padding SAME: TFLite's ComputePadding, the odd one goes behind."""
    return max((size_out - 1) * stride + (kernel - 1) * dilation + 1 - size_in, 0) // 2


def over_windows(
    x: np.ndarray,
    window: Window,
    size: tuple[int, int],
    fill: int,
    function: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """What `function` makes of int64[rows, out_w, kernel_h, kernel_w, C], for all rows of an output of this size.

    That is what the window sees of int8 `x`, with `fill` outside the image: a few rows at a time, since every value
    is there once for each place in the window.
    """
    out_h, out_w = size
    row_values = out_w * window.kernel_h * window.kernel_w * x.shape[2]
    count = max(_MOST_COPIED // row_values, 1)
    pieces = [range(begin, min(begin + count, out_h)) for begin in range(0, out_h, count)]
    return np.concatenate([function(_windows_on(x, window, piece, out_w, fill)) for piece in pieces])


def _windows_on(x: np.ndarray, window: Window, out_rows: range, out_w: int, fill: int) -> np.ndarray:
    """int64[rows, out_w, kernel_h, kernel_w, C]"""
    rows = (
        np.array(out_rows)[:, None] * window.stride_h
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
