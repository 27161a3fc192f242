"""Order of work for models that a board reads through a window: engine/window.h.

The constants of neighbours are in the window together: they are a block. To finish each block before the next begins
needs whole tensors between them, and reads the file once; to work row by row needs few rows, and reads it again and
again. Where to cut is found as in cuts.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from convlet.cuts import goals_between, segment_events, segment_peak
from convlet.program import Program
from convlet.schedule import Event
from convlet.writer import bytes_in_window

LEAST_WINDOW = 256  # bytes: those of a table of 256 values
_MOST_BLOCKS = 5  # that are done together
# For less RAM the file is read again: so many multiplications take twice as long as to read and check a byte, which is
# 30 cycles from the flash file system of a Pico.
_MACS_PER_BYTE = 20


def window_goals(program: Program, window_bytes: int, prefer: str) -> list[int]:
    """The goals by which each inference reads the file once (`prefer` is "speed"), or for less RAM more often, where
    that does not take a third of the time.
    """
    ends = [program.input_count, *block_ends(program, window_bytes)]
    longest = 1 if prefer == "speed" else _MOST_BLOCKS
    # Of each piece of work: the peak of its RAM, and what it reads.
    costs = {
        (first, last): _cost(program, ends[first], ends[last], window_bytes)
        for first in range(len(ends) - 1)
        for last in range(first + 1, min(first + longest, len(ends) - 1) + 1)
    }
    most_read = max(sum(bytes_in_window(program)), program.macs // _MACS_PER_BYTE)
    for most in sorted({peak for peak, _ in costs.values()}):
        read, cuts = _least_read(costs, len(ends) - 1, most)
        if read <= most_read:
            return goals_between(program, [ends[cut] for cut in cuts])
    raise AssertionError("all blocks one by one read the file once")


def _cost(program: Program, begin: int, end: int, window_bytes: int) -> tuple[int, int]:
    return segment_peak(program, begin, end), bytes_read(
        program, segment_events(program, begin, end), window_bytes
    )


def _least_read(
    costs: dict[tuple[int, int], tuple[int, int]], count: int, most: int
) -> tuple[float, list[int]]:
    """The least that is read by pieces of work whose peaks are at most `most`, and where they begin and end."""
    best: list[tuple[float, list[int]]] = [(0, [0])]
    for last in range(1, count + 1):
        ways = [
            (best[first][0] + read, [*best[first][1], last])
            for (first, end), (peak, read) in costs.items()
            if end == last and peak <= most
        ]
        best.append(min(ways, default=(float("inf"), [])))
    return best[count]


def block_ends(program: Program, window_bytes: int) -> Iterator[int]:
    """Where each block ends: as many neighbours as fit. `join_pieces` in engine/window.c does the same."""
    held = 0
    for index, size in enumerate(bytes_in_window(program)):
        if held + size > window_bytes:
            yield index
            held = 0
        held += size
    yield len(program.nodes)


def bytes_read(program: Program, events: Iterable[Event], window_bytes: int) -> int:
    """What the events read of the file, the window being empty at first."""
    sizes = bytes_in_window(program)
    blocks: list[int] = []  # of each node
    totals: list[int] = []
    for number, (begin, end) in enumerate(pairwise([0, *block_ends(program, window_bytes)])):
        blocks += [number] * (end - begin)
        totals.append(sum(sizes[begin:end]))
    held, total = -1, 0
    for event in events:
        if sizes[event.node] and blocks[event.node] != held:
            held = blocks[event.node]
            total += totals[held]
    return total
