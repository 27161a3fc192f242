"""Tensors whose values are those of another one in other places: what the engine's COPY needs to know."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from convlet.format import FILL, NO_ROW, RUN
from convlet.graph import Shape, Tensor
from convlet.node import WHOLE_INPUT, Node, Window

_MOST = 0xFFFF  # entries of a run, inner or outer
_NOWHERE = -1  # in an index: the fill value


@dataclass(frozen=True)
class Gather:
    """Value [r, x, c] is the input's at rows[r] + columns[x] + channels[c], or the fill value where one is FILL.

    int64 each. The least of `columns` and of `channels` is 0.
    """

    rows: np.ndarray
    columns: np.ndarray
    channels: np.ndarray

    def reads_single_rows(self, source: Shape) -> bool:
        """Whether each row comes from one row of an input of this shape."""
        row_bytes = source[1] * source[2]
        first = self.rows[self.rows != FILL]
        span = int(self.columns.max() + self.channels.max())
        return bool((first // row_bytes == (first + span) // row_bytes).all())


def gather_of(index: np.ndarray) -> Gather | None:
    """The gather that `index`, int [H, W, C], describes: places in the flat input, negative ones for the fill value.

    None when the three axes do not act independently.
    """
    known: np.ndarray = index >= 0
    used = [np.asarray(known.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    if not known.any() or not (known == used[0][:, None, None] & used[1][:, None] & used[2]).all():
        return None
    r, x, c = (int(axis.argmax()) for axis in used)
    rows, columns, channels = (
        line.astype(np.int64) for line in (index[:, x, c], index[r, :, c], index[r, x])
    )
    columns, channels = columns - columns[used[1]].min(), channels - channels[used[2]].min()
    rows = rows - columns[x] - channels[c]
    if not (rows[:, None, None] + columns[:, None] + channels == index)[known].all():
        return None
    return Gather(
        *(np.where(on, line, FILL) for on, line in zip(used, (rows, columns, channels), strict=True))
    )


def keeps_order(index: np.ndarray) -> bool:
    """Whether `index` leaves all values of an input of its size as they lie."""
    return bool((index.ravel() == np.arange(index.size)).all())


def lower_gather(gather: Gather, tensor: Tensor, source: Shape, sources: tuple[int, ...], fill: int) -> Node:
    """The COPY that makes `tensor` of an input of shape `source`, in rows if that is possible."""
    alone = gather.reads_single_rows(source)
    window, row_map, rows = _rows_alone(gather.rows, source) if alone else (WHOLE_INPUT, (), gather.rows)
    pieces, values = _fewest_runs(gather)
    lists = [runs_of(rows), pieces, values]
    table = struct.pack("<3H", *map(len, lists)) + b"".join(run for runs in lists for run in runs)
    return Node("COPY", tensor, sources, window, zero_point_in=fill, row_map=row_map, table=table)


def _rows_alone(rows: np.ndarray, source: Shape) -> tuple[Window, tuple[int, ...], np.ndarray]:
    """Which row of the input each row reads, as a window or a map, and the offsets in it."""
    height, width, channels = source
    used = rows != FILL
    row_map = np.where(used, rows // (width * channels), _NOWHERE)
    # Offsets of rows that read nothing do not matter: those of the rows before make the shortest list.
    nearest = np.maximum.accumulate(np.where(used, np.arange(len(rows)), used.argmax()))
    offsets = (rows % (width * channels))[nearest]
    window = _affine_window(row_map, height)
    if window is not None:
        return window, (), offsets
    return Window(1, 1), tuple(NO_ROW if row < 0 else int(row) for row in row_map), offsets


def _affine_window(row_map: np.ndarray, height: int) -> Window | None:
    """The window of one row that reads row_map[r] for row r, if its stride and padding can say it."""
    used = np.flatnonzero(row_map >= 0)
    first, second = (used[0], used[1]) if len(used) > 1 else (used[0], used[0] + 1)
    stride = int(row_map[second] - row_map[first]) // int(second - first) if len(used) > 1 else 1
    pad_top = int(first * stride - row_map[first])
    found = np.arange(len(row_map)) * stride - pad_top
    same = (np.where((found >= 0) & (found < height), found, _NOWHERE) == row_map).all()
    if not same or not 1 <= stride <= 255 or not -(2**15) <= pad_top <= 255:
        return None
    return Window(1, 1, stride_h=stride, pad_top=pad_top)


def _fewest_runs(gather: Gather) -> tuple[list[bytes], list[bytes]]:
    """The runs for the pieces of a row and for the values of a piece: a pixel each, or the row as one piece."""
    pixels = runs_of(gather.columns), runs_of(gather.channels)
    filled = (gather.columns == FILL)[:, None] | (gather.channels == FILL)
    flat = np.where(filled, FILL, gather.columns[:, None] + gather.channels).ravel()
    whole = runs_of(np.zeros(1, np.int64)), runs_of(flat)
    return min(whole, pixels, key=lambda lists: len(lists[0]) + len(lists[1]))


def runs_of(offsets: np.ndarray) -> list[bytes]:
    """The RUN records that list `offsets`, int64: each takes the longest even steps, then as many such blocks."""
    steps = np.diff(offsets)
    # Behind these entries the step is another one, or fill values begin or end.
    even = np.append(np.flatnonzero(np.diff(steps)) + 1, len(steps))
    alike = np.append(np.flatnonzero(np.diff(offsets == FILL)) + 1, len(offsets))
    runs, at = [], 0
    while at < len(offsets):
        border = int(alike[np.searchsorted(alike, at, side="right")])
        stop = int(even[np.searchsorted(even, at, side="right")]) + 1 if at < len(steps) else border
        inner = min(stop, border, at + _MOST) - at
        outer, outer_step = _blocks(offsets[at:border], inner)
        inner_step = int(steps[at]) if inner > 1 else 1
        numbers = {"offset": int(offsets[at]), "outer_step": outer_step, "inner_step": inner_step}
        runs.append(RUN.pack(outer=outer, inner=inner, **numbers))
        at += outer * inner
    return runs


def _blocks(offsets: np.ndarray, inner: int) -> tuple[int, int]:
    """How many blocks like the first `inner` offsets follow each other from the begin on, and the step between."""
    if len(offsets) < 2 * inner:
        return 1, 0
    block, step = offsets[:inner], int(offsets[inner] - offsets[0])
    count = 1
    while count < _MOST and np.array_equal(
        offsets[count * inner : (count + 1) * inner], block + count * step
    ):
        count += 1
    return count, step if count > 1 else 0
