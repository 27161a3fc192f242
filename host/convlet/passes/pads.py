"""Padding goes into the convolution behind it."""

from __future__ import annotations

import numpy as np

from convlet.graph import Graph, Operator
from convlet.ops.movement import PADS, fill_value, pads_of
from convlet.ops.window import window_of

_PADDED = ("CONV_2D", "DEPTHWISE_CONV_2D")
_MOST_PADS = 63  # of one side, so that the sum of some of them still fits a record


def fold_pads(graph: Graph) -> list[str]:
    """Let convolutions pad for themselves where a PAD, with the value that they would pad with, goes before them."""
    done = []
    for pad in reversed(graph.operators.copy()):
        if pad.kind not in PADS or pad.output in graph.outputs or not _pads_with_zero(pad):
            continue
        readers = graph.readers(pad.output)
        if all(reader.kind in _PADDED and reader.inputs[0] is pad.output for reader in readers):
            (top, _), (left, _), _ = _pads_of_rows(pad)
            for reader in readers:
                window = window_of(reader, *reader.inputs[1].shape[1:3])
                reader.options["pads"] = window.pad_top + top, window.pad_left + left
                reader.inputs[0] = pad.inputs[0]
            graph.operators.remove(pad)
            done.append(f"{pad} into {' and '.join(map(str, readers))}")
    return done[::-1]


def _pads_of_rows(pad: Operator) -> list[tuple[int, int]]:
    """What goes before and behind height, width and channels."""
    return [(0, 0), (0, 0), *pads_of(pad)][-3:]


def _pads_with_zero(pad: Operator) -> bool:
    """Whether it pads height and width only, and with what stands for the real number 0."""
    *others, channels = pads_of(pad)
    if any(channels) or np.any(others[:-2]) or np.max(others, initial=0) > _MOST_PADS:
        return False
    return pad.inputs[0].is_like(pad.output) and fill_value(pad) == pad.output.zero_point
