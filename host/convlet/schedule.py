"""The order in which the engine makes rows, simulated exactly: what `engine/run.c` does when it pulls its
goals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from convlet.program import Program


@dataclass(frozen=True)
class Event:
    """One call of a kernel: `node` makes `row` from `reads`, rows of its source."""

    node: int
    row: int
    reads: list[int]


def simulate(program: Program, goals: list[int]) -> list[Event]:
    """All row calls of one inference, in order."""
    next_row = [0] * len(program.nodes)
    return [event for goal in goals for event in _pull(program, goal, program.nodes[goal].shape[0], next_row)]


def _pull(program: Program, index: int, rows: int, next_row: list[int]) -> Iterator[Event]:
    """Make node `index` have its first `rows` rows."""
    node = program.nodes[index]
    while next_row[index] < rows:
        row = next_row[index]
        reads: list[int] = []
        if node.source is not None:
            source_height = program.nodes[node.source].shape[0]
            reads = node.rows_read(row, source_height)
            yield from _pull(program, node.source, node.rows_needed(row, source_height), next_row)
        yield Event(index, row, reads)
        next_row[index] = row + 1


@dataclass(frozen=True)
class Lifetime:
    """Of one node's tensor: the events between which its ring is in use, and the rows that the ring must
    hold.
    """

    first: int
    last: int
    ring_rows: int


def lifetimes(program: Program, events: list[Event]) -> list[Lifetime]:
    """The lifetime of every node's tensor. Outputs live until behind the last event."""
    births: list[list[int]] = [[] for _ in program.nodes]
    for time, event in enumerate(events):
        births[event.node].append(time)
    last_use = [list(times) for times in births]
    for time, event in enumerate(events):
        source = program.nodes[event.node].source
        for row in event.reads:
            last_use[source if source is not None else event.node][row] = time
    for index in program.outputs:
        last_use[index] = [len(events)] * len(last_use[index])
    return [
        Lifetime(min(born, default=0), max(used, default=0), _ring_rows(born, used))
        for born, used in zip(births, last_use, strict=True)
    ]


def _ring_rows(births: list[int], last_use: list[int]) -> int:
    """Rows from the oldest still needed to the one that is being made, at most."""
    oldest, most = 0, 1
    for row, birth in enumerate(births):
        while last_use[oldest] < birth:
            oldest += 1
        most = max(most, row - oldest + 1)
    return most
