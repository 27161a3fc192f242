"""The faster form of convolutions and dense layers, CONV_2D_WIDE: values and weights in pairs, with scratch.

`engine/conv2d_wide.c` reads what is made here, and `engine/pairs.h` says why two weights share a word.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from convlet.format import KERNEL_ALL, MAX_KERNEL_BYTES, WIDE_BYTES, WIDE_SHORT, WIDE_SINGLE, WIDE_TILE
from convlet.graph import Operator, Shape
from convlet.node import Node, Window
from convlet.ops.requantization import requantization_of, right_shifting
from convlet.ops.short_scale import Sums, all_are_short, scale_table

KINDS = ("CONV_2D_WIDE", "CONV_2D_MAX_POOL")  # whose parameter and scratch are as here
_WORD = 4
_MOST_WIDE_CHANNELS = 3  # of an input: with so few, the weights are words in the file
_PARTS = (1, 2, 3, 4)  # of a row that may be made one after the other
_LEAST_TILE = 4  # pixels


def widened(operator: Operator, node: Node, weights: np.ndarray) -> tuple[Node, ...]:
    """The forms CONV_2D_WIDE of a CONV_2D or FULLY_CONNECTED, the fastest first; none where it has none.

    They differ in the pixels that are made at a time: with fewer, weights are unpacked more often, in less scratch; and
    in the channels that are made together, two or one.
    Args: `weights` int8[channels, kernel_h, kernel_w, channels of the input].
    """
    window = node.window
    channels, *_, channels_in = weights.shape
    is_dense = window.kernel_h == KERNEL_ALL
    one_group = is_dense or channels_in == operator.inputs[0].rows[2]
    if not one_group or window.dilation_w != 1 or weights.min() == -128:
        return ()
    requantization = right_shifting(requantization_of(operator))
    pairs = pairs_of(weights)
    if requantization is None or 2 * pairs[0].size > 2 * MAX_KERNEL_BYTES:
        return ()
    as_bytes = not is_dense and channels_in > _MOST_WIDE_CHANNELS
    bias = np.frombuffer(node.table, "<i4", channels).astype(np.int64)
    width = node.shape[1]
    table = scale_table(requantization, Sums.of(weights, bias), node.tensor.zero_point)
    flags = WIDE_SHORT * all_are_short(table)
    if as_bytes:
        # For a single pixel it takes longer to widen weights than to use them.
        forms = [(flags, words_of(pairs))] if width == 1 else []
        forms.append((flags | WIDE_BYTES, bytes_of(pairs)))
        if flags & WIDE_SHORT:
            forms.append((flags | WIDE_BYTES | WIDE_SINGLE, single_bytes_of(pairs)))
    else:
        forms = [(flags, words_of(pairs))]
    return tuple(
        replace(
            node,
            kind="CONV_2D_WIDE",
            parameter=own_flags + WIDE_TILE * (tile if tile < width else 0),
            weights=packed,
            table=table,
            scratch_bytes=scratch_bytes(window, operator.inputs[0].rows, tile, own_flags),
            reads_first=reads_first(width),
        )
        for own_flags, packed in forms
        for tile in tiles_of(width)
    )


def tiles_of(width: int) -> list[int]:
    """Pixels that are made at a time: the row, or parts of it of about the same size."""
    tiles = {-(-width // parts) for parts in _PARTS}
    return sorted({width} | {tile for tile in tiles if tile >= _LEAST_TILE}, reverse=True)


def reads_first(width: int) -> bool:
    """Whether all that a row of `width` pixels needs is in the scratch before the row is written to."""
    return width == 1


def scratch_bytes(window: Window, source: Shape, tile: int, flags: int) -> int:
    """For `tile` pixels: the columns that they read of the source, and the words of one or two channels' weights.

    `flags`: those in the node's `parameter`.
    """
    rows, kernel_w, values = window.kernel_h, window.kernel_w, source[2]
    if window.kernel_h == KERNEL_ALL:
        rows, kernel_w, values = 1, 1, math.prod(source)
    column = -(-rows * values // 2)
    columns = (tile - 1) * window.stride_w + kernel_w
    words = kernel_w * column
    words += words % 2
    channels = (1 if flags & WIDE_SINGLE else 2) if flags & WIDE_BYTES else 0
    return _WORD * (columns * column + 1 + channels * words)


def pairs_of(weights: np.ndarray) -> np.ndarray:
    """The weights in the order of the engine: int8[pairs of channels, words of a window, 2 channels, 2 weights]."""
    channels, kernel_h, kernel_w, channels_in = weights.shape
    columns = weights.transpose(0, 2, 1, 3).reshape(channels, kernel_w, kernel_h * channels_in)
    if channels_in % 4 == 0:
        columns = columns.reshape(channels, kernel_w, -1, 4)[..., [0, 2, 1, 3]]
    columns = _filled(columns.reshape(channels, kernel_w, -1), 2, 2)
    windows = _filled(columns.reshape(channels, -1), 1, 4)
    return _filled(windows, 0, 2).reshape(-(-channels // 2), 2, -1, 2).transpose(0, 2, 1, 3)


def _filled(values: np.ndarray, axis: int, multiple: int) -> np.ndarray:
    """With zeros behind them, so that the axis is a multiple long."""
    pads = [(0, -size % multiple if i == axis else 0) for i, size in enumerate(values.shape)]
    return np.pad(values, pads)


def words_of(pairs: np.ndarray) -> bytes:
    """Each two weights in a word, the first of them above."""
    return (pairs[..., 1] + pairs[..., 0].astype("<i4") * 65536).astype("<i4").tobytes()


def bytes_of(pairs: np.ndarray) -> bytes:
    """The words of two channels as 4 bytes: the even ones make that of the first channel, the odd ones the second's."""
    return pairs[..., ::-1].swapaxes(-1, -2).tobytes()


def single_bytes_of(pairs: np.ndarray) -> bytes:
    """Two words of one channel as 4 bytes: the even ones make the first word, the odd ones the second."""
    channels = pairs.transpose(0, 2, 1, 3).reshape(2 * len(pairs), -1, 2, 2)
    return channels[..., ::-1].swapaxes(-1, -2).tobytes()
