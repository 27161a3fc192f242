"""Random models of one pool or reduction, drawn by hypothesis."""

from __future__ import annotations

from typing import Any

import numpy as np
from convolution_models import Model
from hypothesis import strategies as st
from operator_models import ACTIVATIONS, PADDINGS, scales, size_out, zero_points
from tflite_builder import Builder

sizes = st.integers(1, 12)
widths = st.integers(1, 40)
channel_counts = st.integers(1, 70)


@st.composite
def pool_models(draw: Any, kind: str, side_by_side: bool = False) -> Model:
    """A pool of this kind; `side_by_side`: one whose windows do not overlap, or that makes one row."""
    padding = draw(st.sampled_from(list(PADDINGS)))
    kernel_h, kernel_w = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    stride_h, stride_w = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    least_h, least_w = (kernel_h, kernel_w) if padding == "VALID" else (1, 1)
    height, width = draw(st.integers(least_h, least_h + 12)), draw(st.integers(least_w, 40))
    if side_by_side:
        stride_h = kernel_h
        if draw(st.booleans()):
            kernel_h, padding = height, "VALID"
            kernel_w = min(kernel_w, width)
    channels = draw(channel_counts)
    out_h = size_out(height, kernel_h, stride_h, 1, padding)
    out_w = size_out(width, kernel_w, stride_w, 1, padding)
    scale, zero_point = draw(scales), draw(zero_points)
    b = Builder()
    source = b.tensor((1, height, width, channels), scale, zero_point)
    result = b.tensor((1, out_h, out_w, channels), scale, zero_point)
    b.operator(
        kind,
        [source],
        result,
        "Pool2DOptions",
        Padding=PADDINGS[padding],
        StrideH=stride_h,
        StrideW=stride_w,
        FilterHeight=kernel_h,
        FilterWidth=kernel_w,
        FusedActivationFunction=ACTIVATIONS[draw(st.sampled_from(list(ACTIVATIONS)))],
    )
    return b.build([source], [result]), (height, width, channels), draw(st.integers(0, 2**31))


@st.composite
def reduction_models(draw: Any, kind: str) -> Model:
    """A MEAN, SUM or REDUCE_MAX of a tensor of two to four dimensions."""
    shape = tuple([draw(sizes), draw(widths), draw(channel_counts)][3 - draw(st.integers(1, 3)) :])
    rank = len(shape) + 1
    # TFLM sums over no more than two axes.
    axes = draw(st.lists(st.integers(1, rank - 1), min_size=1, max_size=2, unique=True))
    keep = draw(st.booleans())
    made = [1 if axis in axes else n for axis, n in enumerate((1, *shape)) if keep or axis not in axes]
    scale, zero_point = draw(scales), draw(zero_points)
    result_scale, result_zero_point = scale, zero_point
    if kind != "REDUCE_MAX":
        count = float(np.prod([shape[axis - 1] for axis in axes])) if kind == "SUM" else 1.0
        result_scale = float(np.float32(scale * draw(st.floats(0.1, 4.0)) * count**0.5))
        result_zero_point = draw(zero_points)
    if draw(st.booleans()) and kind != "SUM":
        result_scale, result_zero_point = scale, zero_point
    written = np.array([axis - rank * draw(st.booleans()) for axis in axes], np.int32)
    b = Builder()
    source, constant = b.tensor((1, *shape), scale, zero_point), b.constant(written)
    result = b.tensor(made, result_scale, result_zero_point)
    b.operator(kind, [source, constant], result, "ReducerOptions", KeepDims=keep)
    return b.build([source], [result]), shape, draw(st.integers(0, 2**31))
