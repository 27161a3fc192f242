"""The faster form of convolutions and dense layers, CONV_2D_WIDE: values and weights in pairs, with scratch.

`engine/conv2d_wide.c` reads what is made here, and `engine/pairs.h` says why two weights share a word.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from convlet.format import KERNEL_ALL, MAX_KERNEL_BYTES, WIDE_BYTES
from convlet.graph import Operator, Shape
from convlet.node import Node, Window
from convlet.ops.requantization import requantization_of
from convlet.ops.short_scale import Sums, scale_table

_WORD = 4
_MOST_WIDE_CHANNELS = 3  # of an input: with so few, the weights are words in the file


def widened(operator: Operator, node: Node, weights: np.ndarray) -> Node | None:
    """The form CONV_2D_WIDE of a CONV_2D or FULLY_CONNECTED, or None where it has none.

    Args: `weights` int8[channels, kernel_h, kernel_w, channels of the input].
    """
    window = node.window
    channels, *_, channels_in = weights.shape
    is_dense = window.kernel_h == KERNEL_ALL
    one_group = is_dense or channels_in == operator.inputs[0].rows[2]
    if not one_group or window.dilation_w != 1 or weights.min() == -128:
        return None
    requantization = requantization_of(operator)
    # A multiplier of 0 gives 0 with any shift.
    shift = np.where(requantization.multiplier == 0, -1, requantization.shift)
    if shift.max() > -1:
        return None
    pairs = pairs_of(weights)
    if 4 * pairs.shape[1] > MAX_KERNEL_BYTES:
        return None
    as_bytes = not is_dense and channels_in > _MOST_WIDE_CHANNELS
    bias = np.frombuffer(node.table, "<i4", channels).astype(np.int64)
    return replace(
        node,
        kind="CONV_2D_WIDE",
        parameter=WIDE_BYTES * as_bytes,
        weights=bytes_of(pairs) if as_bytes else words_of(pairs),
        table=scale_table(
            replace(requantization, shift=shift), Sums.of(weights, bias), node.tensor.zero_point
        ),
        scratch_bytes=scratch_bytes(window, operator.inputs[0].rows, node.shape[1], as_bytes),
    )


def scratch_bytes(window: Window, source: Shape, width: int, as_bytes: bool) -> int:
    """The columns that a row of `width` pixels reads of the source, and the words of two channels' weights."""
    rows, kernel_w, values = window.kernel_h, window.kernel_w, source[2]
    if window.kernel_h == KERNEL_ALL:
        rows, kernel_w, values = 1, 1, math.prod(source)
    column = -(-rows * values // 2)
    columns = (width - 1) * window.stride_w + kernel_w
    groups = -(-kernel_w * column // 2)
    return _WORD * (columns * column + 1 + (4 * groups if as_bytes else 0))


def pairs_of(weights: np.ndarray) -> np.ndarray:
    """The weights in the order of the engine: int8[pairs of channels, groups, 2 channels, 2 words, 2 weights]."""
    channels, kernel_h, kernel_w, channels_in = weights.shape
    columns = weights.transpose(0, 2, 1, 3).reshape(channels, kernel_w, kernel_h * channels_in)
    if channels_in % 4 == 0:
        columns = columns.reshape(channels, kernel_w, -1, 4)[..., [0, 2, 1, 3]]
    columns = _filled(columns.reshape(channels, kernel_w, -1), 2, 2)
    windows = _filled(columns.reshape(channels, -1), 1, 4)
    return _filled(windows, 0, 2).reshape(-(-channels // 2), 2, -1, 2, 2).transpose(0, 2, 1, 3, 4)


def _filled(values: np.ndarray, axis: int, multiple: int) -> np.ndarray:
    """With zeros behind them, so that the axis is a multiple long."""
    pads = [(0, -size % multiple if i == axis else 0) for i, size in enumerate(values.shape)]
    return np.pad(values, pads)


def words_of(pairs: np.ndarray) -> bytes:
    """Each two weights in a word, the first of them above."""
    return (pairs[..., 1] + pairs[..., 0].astype("<i4") * 65536).astype("<i4").tobytes()


def bytes_of(pairs: np.ndarray) -> bytes:
    """Each two words as 4 bytes: the even ones make the first word, the odd ones the second."""
    return pairs[..., ::-1].swapaxes(-1, -2).tobytes()
