"""A convolution with few input channels and the max pool behind it in one node, CONV_2D_MAX_POOL.

No requantisation ever falls: the greatest of four sums, requantised, is the greatest of their values. So only one of
four sums is requantised, and the tensor between is never made. `engine/conv2d_wide.c` and `engine/pairs.h` read what is
made here.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np

from convlet.format import MAX_KERNEL_H, MOST_POOLED_WORDS, WIDE_SHORT, WIDE_TILE
from convlet.graph import Shape
from convlet.node import Node, Window
from convlet.ops.wide import pairs_of, reads_first, scratch_bytes, tiles_of, words_of
from convlet.program import Program

_POOL = Window(2, 2, 2, 2)
_MOST_FIELD = 255  # of a record
_MOST_MORE_WORDS = 8  # of a window: each costs time, and with more nothing was measured to be faster


def with_pools_fused(program: Program) -> Program:
    """The program with each max pool in the convolution before it, where that is exact and faster.

    Where there is none, the program itself.
    """
    readers = Counter(source for node in program.nodes for source in node.sources)
    readers.update(program.outputs)
    fused: dict[int, Node] = {}
    for index, node in enumerate(program.nodes):
        if node.kind == "MAX_POOL_2D" and readers[node.sources[0]] == 1:
            conv = program.nodes[node.sources[0]]
            pooled = conv.kind == "CONV_2D" and _fused(conv, node, program.nodes[conv.sources[0]].shape)
            if pooled:
                fused[index] = pooled
    return _without_convolutions(program, fused) if fused else program


def _without_convolutions(program: Program, fused: dict[int, Node]) -> Program:
    """The program with the fused nodes in the place of their pools."""
    dropped = {program.nodes[index].sources[0] for index in fused}
    kept = [index for index in range(len(program.nodes)) if index not in dropped]
    number = {index: i for i, index in enumerate(kept)}

    def numbered(node: Node) -> Node:
        sources = tuple(number[source] for source in node.sources)
        faster = tuple(replace(form, sources=sources) for form in node.faster)
        return replace(node, sources=sources, faster=faster)

    nodes = [numbered(fused.get(index, program.nodes[index])) for index in kept]
    return replace(program, nodes=nodes, outputs=[number[index] for index in program.outputs])


def _fused(conv: Node, pool: Node, source: Shape) -> Node | None:
    """The forms of the node for both, the least scratch first and the others as faster ones; None where it has none."""
    wide = next((form for form in conv.faster if form.parameter % WIDE_TILE == WIDE_SHORT), None)
    if wide is None or not _is_plain(conv, pool):
        return None
    own = conv.window
    window = replace(
        own,
        kernel_h=own.kernel_h + own.stride_h,
        kernel_w=own.kernel_w + own.stride_w,
        stride_h=2 * own.stride_h,
        stride_w=2 * own.stride_w,
    )
    channels = conv.shape[2]
    weights = np.frombuffer(conv.weights, np.int8).reshape(channels, own.kernel_h, own.kernel_w, source[2])
    pairs = pairs_of(_for_both_rows(weights, own.stride_h))
    more_words = pairs.shape[1] - pairs_of(weights).shape[1]
    largest = max(window.kernel_w, window.stride_h, window.stride_w)
    if (
        pairs.shape[1] > MOST_POOLED_WORDS
        or more_words > _MOST_MORE_WORDS
        or window.kernel_h > MAX_KERNEL_H
        or largest > _MOST_FIELD
    ):
        return None
    width = pool.shape[1]
    forms = [
        replace(
            wide,
            kind="CONV_2D_MAX_POOL",
            tensor=pool.tensor,
            window=window,
            parameter=WIDE_SHORT + WIDE_TILE * (tile if tile < width else 0),
            weights=words_of(pairs),
            scratch_bytes=scratch_bytes(window, source, tile, WIDE_SHORT),
            reads_first=reads_first(width),
            macs=4 * math.prod(pool.shape[:2]) * weights.size,
        )
        for tile in tiles_of(width)
    ]
    return replace(forms[-1], faster=tuple(forms[:-1]))


def _is_plain(conv: Node, pool: Node) -> bool:
    """Whether the pool takes each four pixels once, all of them inside the image, and clamps nothing more."""
    clamps_no_more = pool.clamp_min <= conv.clamp_min and pool.clamp_max >= conv.clamp_max
    is_inside = 2 * pool.shape[0] <= conv.shape[0] and 2 * pool.shape[1] <= conv.shape[1]
    window = conv.window
    is_dense = window.dilation_h * window.dilation_w == 1
    same_zero = conv.tensor.zero_point == pool.tensor.zero_point
    return pool.window == _POOL and is_inside and clamps_no_more and is_dense and same_zero


def _for_both_rows(weights: np.ndarray, stride_h: int) -> np.ndarray:
    """The filters for the upper row of windows and those for the lower one, `stride_h` rows below, in turn.

    Args: `weights` int8[channels, kernel_h, kernel_w, channels of the input].
    """
    upper, lower = (
        np.pad(weights, ((0, 0), rows, (0, 0), (0, 0))) for rows in ((0, stride_h), (stride_h, 0))
    )
    return np.stack([upper, lower], axis=1).reshape(-1, *upper.shape[1:])
