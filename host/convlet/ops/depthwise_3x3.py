"""The faster form of depthwise convolutions with 3x3 filters, DEPTHWISE_3X3: the two upper rows in pairs, with scratch.

`engine/depthwise_3x3.c` reads what is made here, and `engine/filter3.h` says how.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convlet.format import SCALE
from convlet.graph import Operator
from convlet.node import Node, Window
from convlet.ops.requantization import requantization_of, right_shifting
from convlet.ops.short_scale import Sums, all_are_short, scale_table

_COLUMN_BYTES = 24


def filtered(operator: Operator, node: Node, weights: np.ndarray) -> tuple[Node, ...]:
    """The form DEPTHWISE_3X3 of a DEPTHWISE_CONV_2D, or none where it has none.

    Args: `weights` int8[kernel_h, kernel_w, channels].
    """
    window = node.window
    fits = weights.shape[:2] == (3, 3) and window.stride_w <= 2 and window.dilation_w == 1
    if (
        not fits
        or weights.min() == -128
        or not _reads_two_rows(window, operator.inputs[0].rows[0], node.shape[0])
    ):
        return ()
    columns = _columns(window, node.shape[1])
    inside = range(max(-window.pad_left, 0), min(columns - window.pad_left, operator.inputs[0].rows[1]))
    requantization = right_shifting(requantization_of(operator))
    if requantization is None or not inside:
        return ()
    channels = weights.shape[2]
    bias = np.frombuffer(node.table, "<i4", channels).astype(np.int64)
    by_channel = weights.transpose(2, 0, 1)
    table = scale_table(requantization, Sums.of(by_channel, bias), node.tensor.zero_point)
    if not all_are_short(table):
        return ()
    return (
        replace(
            node,
            kind="DEPTHWISE_3X3",
            weights=bytes_of(weights),
            table=table[: SCALE.size * channels],
            scratch_bytes=scratch_bytes(window, node.shape[1]),
        ),
    )


def scratch_bytes(window: Window, width: int) -> int:
    """For each column that a row of `width` windows covers."""
    return _COLUMN_BYTES * _columns(window, width)


def bytes_of(weights: np.ndarray) -> bytes:
    """Filters int8[3, 3, channels] in the order of the engine, for each 4 channels: the two upper rows, for each column
    the lower weights of two channels before their upper ones, and then the third row.
    """
    filled = np.pad(weights, ((0, 0), (0, 0), (0, -weights.shape[2] % 4)))
    fours = filled.reshape(3, 3, -1, 4).transpose(2, 1, 3, 0)  # of each 4: column, channel, row
    upper = fours[..., 1::-1].reshape(-1, 3, 2, 2, 2).swapaxes(-1, -2)
    lower = fours[..., 2]
    return np.concatenate([upper.reshape(-1, 24), lower.reshape(-1, 12)], axis=1).tobytes()


def _columns(window: Window, width: int) -> int:
    return (width - 1) * window.stride_w + 3


def _reads_two_rows(window: Window, height_in: int, height: int) -> bool:
    """Whether each row of windows has its middle row inside the image, and the upper or the lower one."""
    middle = np.arange(height) * window.stride_h - window.pad_top + window.dilation_h
    has_two = (middle >= window.dilation_h) | (middle + window.dilation_h < height_in)
    return bool(((middle >= 0) & (middle < height_in) & has_two).all())
