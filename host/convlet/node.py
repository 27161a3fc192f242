"""One operator as the engine runs it: its numbers are final, and it says which rows it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from convlet.format import FLAG_ACCUMULATES, FLAG_B_FIRST, FLAG_MAPPED, KERNEL_ALL, NO_ROW
from convlet.graph import Shape, Tensor
from convlet.quantization import INT8_MAX, INT8_MIN


@dataclass(frozen=True)
class Window:
    """Output row r reads input rows r * stride_h - pad_top + k * dilation_h for k in range(kernel_h); columns alike.

    With a row map, its rows are map[r] + k * dilation_h. `kernel_h` may be KERNEL_ALL.
    """

    kernel_h: int
    kernel_w: int
    stride_h: int = 1
    stride_w: int = 1
    dilation_h: int = 1
    dilation_w: int = 1
    pad_top: int = 0
    pad_left: int = 0

    def turned(self) -> Window:
        """The window with height and width exchanged."""
        return Window(
            kernel_h=self.kernel_w,
            kernel_w=self.kernel_h,
            stride_h=self.stride_w,
            stride_w=self.stride_h,
            dilation_h=self.dilation_w,
            dilation_w=self.dilation_h,
            pad_top=self.pad_left,
            pad_left=self.pad_top,
        )


ONE_PIXEL = Window(1, 1)
WHOLE_INPUT = Window(KERNEL_ALL, KERNEL_ALL)
_NO_ROW_AT = -(1 << 16)  # above every row of every window
SUM_BYTES = 4  # in the scratch of a node that accumulates, for each value of its output row


@dataclass(frozen=True)
class Node:
    """One operator of the engine and the tensor that it makes; the fields are those of format.OPERATOR.

    `sources` are the indices of the nodes that it reads, at most two. `weights` and `table` are the bytes that
    those fields of the record point to; `row_map`, where there is one, goes before `table` in the file.
    `scratch_bytes` is what the kernel needs for itself in the arena.

    A node that `accumulates` takes the rows of its input one by one, as they are made, and keeps what it has so far
    in its scratch, or without one in its output row. `accumulator_bytes` is the scratch that it would need for that,
    None where it cannot; `accumulating` gives the node that does.

    `copied_bytes` is the size of its weights and its table where it copies them to the arena with its first row.

    An INPUT that is not `stored` keeps no rows: the engine reads the caller's.
    """

    kind: str
    tensor: Tensor
    sources: tuple[int, ...] = ()
    window: Window = ONE_PIXEL
    zero_point_in: int = 0
    clamp_min: int = INT8_MIN
    clamp_max: int = INT8_MAX
    parameter: int = 0
    weights: bytes = b""
    table: bytes = b""
    row_map: tuple[int, ...] = ()
    scratch_bytes: int = 0
    accumulates: bool = False
    accumulator_bytes: int | None = None
    in_place: bool = False  # it may make its row in the bytes of the row that it reads
    # It has read all when it begins to write its row, which may lie over what it has read.
    reads_first: bool = False
    b_first: bool = False
    macs: int = 0
    faster: tuple[Node, ...] = ()  # the same with scratch, the fastest first
    stored: bool = True
    copied_bytes: int = 0

    @cached_property
    def shape(self) -> Shape:
        return self.tensor.rows

    @cached_property
    def row_bytes(self) -> int:
        """Of a row in the arena."""
        return self.shape[1] * self.shape[2] * self.stored

    @property
    def flags(self) -> int:
        return (
            FLAG_ACCUMULATES * self.accumulates
            | FLAG_MAPPED * bool(self.row_map)
            | FLAG_B_FIRST * self.b_first
        )

    @property
    def keeps_sums_in_row(self) -> bool:
        """Whether its output row is in use from the row's first step on, not only when it is made."""
        return self.accumulates and self.scratch_bytes == 0

    @property
    def reads_whole(self) -> bool:
        """Whether it reads all rows of its first source for each of its own."""
        return self.window.kernel_h == KERNEL_ALL and not self.accumulates

    def steps(self, heights: Sequence[int]) -> int:
        """Calls of its kernel in one inference. `heights` are those of its sources."""
        return heights[0] if self.accumulates else self.shape[0]

    def reads_at_most(self, heights: Sequence[int]) -> int:
        """Rows that one step reads, at most."""
        of_first = heights[0] if self.reads_whole else 1 if self.accumulates else self.window.kernel_h
        return of_first + len(heights) - 1 if heights else 0

    def accumulating(self) -> Node:
        """The same node in its accumulating form."""
        assert self.accumulator_bytes is not None, self.kind
        return replace(self, accumulates=True, scratch_bytes=self.accumulator_bytes)

    def rows_needed(self, row: int, step: int, heights: Sequence[int]) -> list[int]:
        """How many rows each of its sources must have made before it does `step`, which is for its row `row`.

        `heights` are those of the sources. `engine/run.c` has the same.
        """
        needed = [self._needed_of_first(row, step, heights[0])] if heights else []
        if len(heights) > 1:
            row_of_b = self._row_of_second(row, heights[1])
            needed.append(row_of_b + 1 if 0 <= row_of_b < heights[1] else 0)
        return needed

    def rows_read(self, row: int, step: int, heights: Sequence[int]) -> list[list[int]]:
        """The rows of each of its sources that it reads in `step`, which is for its row `row`."""
        reads = [self._reads_of_first(row, step, heights[0])] if heights else []
        if len(heights) > 1:
            reads.append([r for r in [self._row_of_second(row, heights[1])] if 0 <= r < heights[1]])
        return reads

    def finishes(self, row: int, step: int, height: int) -> bool:
        """Whether `step` completes `row`; `height` is that of its source."""
        if not self.accumulates or step + 1 == height:
            return True
        return self.window.kernel_h != KERNEL_ALL and step == self._first(row) + self.window.kernel_h - 1

    def _first(self, row: int) -> int:
        if self.row_map:
            return _NO_ROW_AT if self.row_map[row] == NO_ROW else self.row_map[row]
        return row * self.window.stride_h - self.window.pad_top

    def _needed_of_first(self, row: int, step: int, height: int) -> int:
        if self.accumulates:
            return step + 1
        if self.window.kernel_h == KERNEL_ALL:
            return height
        last = self._first(row) + (self.window.kernel_h - 1) * self.window.dilation_h
        return max(min(last + 1, height), 0)

    def _reads_of_first(self, row: int, step: int, height: int) -> list[int]:
        if self.accumulates:
            return [step]
        if self.window.kernel_h == KERNEL_ALL:
            return list(range(height))
        at = (self._first(row) + k * self.window.dilation_h for k in range(self.window.kernel_h))
        return [a for a in at if 0 <= a < height]

    def _row_of_second(self, row: int, height: int) -> int:
        return 0 if height == 1 and self.parameter == 0 else row - self.parameter
