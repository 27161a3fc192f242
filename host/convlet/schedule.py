"""The order in which the engine makes rows, simulated exactly: what `engine/run.c` does when it pulls its
goals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convlet.program import Program


@dataclass(frozen=True)
class Event:
    """One call of a kernel: `node` works on its row `row`, and has it done if `made`.

    `reads` are pairs of a node and one of its rows. `writes`: whether it writes to its row, done or not.
    """

    node: int
    row: int
    made: bool
    reads: list[tuple[int, int]]
    writes: bool


class Run:
    """The state of the nodes during an inference."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.next_row = [0] * len(program.nodes)
        self.step = [0] * len(program.nodes)

    def pull(self, index: int, rows: int) -> Iterator[Event]:
        """Make node `index` have its first `rows` rows."""
        pulled = [
            (index, rows)
        ]  # each was asked for by the one before: a network may be deeper than Python's stack
        while pulled:
            index, rows = pulled[-1]
            if self.next_row[index] >= rows:
                pulled.pop()
            elif (lacking := self._lacking(index)) is not None:
                pulled.append(lacking)
            else:
                yield self._work(index)

    def _lacking(self, index: int) -> tuple[int, int] | None:
        """The source that must make rows before node `index` does its next step, and how many it must have."""
        node, heights = self.program.nodes[index], self.program.source_heights[index]
        wanted = zip(
            node.sources, node.rows_needed(self.next_row[index], self.step[index], heights), strict=True
        )
        lacking = [(source, needed) for source, needed in wanted if self.next_row[source] < needed]
        return lacking[-1 if node.b_first else 0] if lacking else None

    def _work(self, index: int) -> Event:
        """Do the next step of node `index`."""
        node, heights = self.program.nodes[index], self.program.source_heights[index]
        row, step = self.next_row[index], self.step[index]
        made = node.finishes(row, step, heights[0] if heights else 0)
        read = zip(node.sources, node.rows_read(row, step, heights), strict=True)
        reads = [(source, r) for source, rows_of in read for r in rows_of]
        self.step[index] += 1
        self.next_row[index] += made
        return Event(index, row, made, reads, made or node.keeps_sums_in_row)


def end_of_reading(program: Program, time: int, event: Event) -> float:
    """Until when the event at `time` needs what it reads: its middle, where it writes only then."""
    return time - 0.5 if program.nodes[event.node].reads_first else time


def simulate(program: Program, goals: list[int]) -> list[Event]:
    """All calls of kernels in one inference, in order."""
    run = Run(program)
    return [event for goal in goals for event in run.pull(goal, program.nodes[goal].shape[0])]


@dataclass(frozen=True)
class Lifetime:
    """Of one node's tensor: the events between which its ring is in use, and the rows that the ring must
    hold; where those are all rows, `pieces` has the events between which each of them is in use.
    """

    first: int
    last: float
    ring_rows: int
    pieces: tuple[tuple[int, float], ...] = ()


def lifetimes(program: Program, events: list[Event]) -> list[Lifetime]:
    """The lifetime of every node's tensor. Outputs live until behind the last event."""
    births: list[list[int]] = [[] for _ in program.nodes]
    last_use: list[list[float]] = [[] for _ in program.nodes]
    for time, event in enumerate(events):
        if event.writes:
            if event.row == len(births[event.node]):
                births[event.node].append(time)
            last_use[event.node][event.row :] = [time]
    for time, event in enumerate(events):
        for source, row in event.reads:
            last_use[source][row] = end_of_reading(program, time, event)
    for index in program.outputs:
        last_use[index] = [len(events)] * len(last_use[index])
    return [
        _lifetime(node.shape[0], born, used)
        for node, born, used in zip(program.nodes, births, last_use, strict=True)
    ]


def _lifetime(height: int, births: list[int], last_use: list[float]) -> Lifetime:
    rows = ring_rows(births, last_use)
    pieces = tuple(zip(births, last_use, strict=True)) if rows == height else ()
    return Lifetime(min(births, default=0), max(last_use, default=0), rows, pieces)


def work_times(events: Sequence[Event]) -> dict[int, tuple[int, int]]:
    """The first and the last event of every node that works: while its scratch is in use."""
    times: dict[int, tuple[int, int]] = {}
    for time, event in enumerate(events):
        times[event.node] = times.get(event.node, (time, time))[0], time
    return times


def ring_rows(births: Sequence[int], last_use: Sequence[float]) -> int:
    """Rows from the oldest still needed to the one that is being made, at most."""
    oldest, most = 0, 1
    for row, birth in enumerate(births):
        while last_use[oldest] < birth:
            oldest += 1
        most = max(most, row - oldest + 1)
    return most
