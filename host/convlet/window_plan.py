"""Order of work for models that a board reads through a window: engine/window.h."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from convlet.cuts import segment_goals
from convlet.program import Program
from convlet.schedule import Event
from convlet.writer import bytes_in_window

LEAST_WINDOW = 256  # bytes: those of a table of 256 values


def block_goals(program: Program, window_bytes: int) -> list[int]:
    """The goals by which each block of nodes, whose constants are in the window together, is done before the next."""
    goals: list[int] = []
    begin = program.input_count
    for end in block_ends(program, window_bytes):
        # Inputs come as they are read.
        goals += [goal for goal in segment_goals(program, begin, end) if goal >= program.input_count]
        begin = end
    return goals


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
    """What one inference reads of the file, the window being empty at first."""
    sizes = bytes_in_window(program)
    blocks: list[int] = []  # of each node
    totals: list[int] = []
    begin = 0
    for number, end in enumerate(block_ends(program, window_bytes)):
        blocks += [number] * (end - begin)
        totals.append(sum(sizes[begin:end]))
        begin = end
    held, total = -1, 0
    for event in events:
        if sizes[event.node] and blocks[event.node] != held:
            held = blocks[event.node]
            total += totals[held]
    return total
