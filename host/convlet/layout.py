"""What lies where in the arena, and when: a plan spread out in time, to be shown to people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from convlet.plan import Plan, place_of
from convlet.program import Program
from convlet.schedule import Event, simulate, work_times
from convlet.storage import Row, row_times

_SHOWN_EVENTS = 200  # of a stream


@dataclass(frozen=True)
class Span:
    """Bytes of the arena that node `node` holds from event `first` to event `last`."""

    node: int
    offset: int
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class Layout:
    """A plan in time, whose unit is the event: one call of a kernel for one row.

    `rows` has the bytes of each single row while it is needed; `scratches` what kernels have for themselves while they
    need it; `copies` those of weights; `rings` the places that are kept free for rows between the first and the last of
    a node that has a ring.
    `used` is the number of bytes in use at each event, int64[events + 1]: behind the last one the outputs are there.

    Of a stream these are the events of some steps, long after its begin.
    """

    program: Program
    plan: Plan
    events: Sequence[Event]
    rows: list[Span]
    scratches: list[Span]
    copies: list[Span]
    rings: list[Span]
    used: np.ndarray

    @property
    def peak_bytes(self) -> int:
        """The most bytes in use together: no plan with this order of work needs less than them and the states."""
        return int(self.used.max())

    @property
    def peak_time(self) -> int:
        """The first event in which the most bytes are in use."""
        return int(self.used[:-1].argmax())

    @property
    def peak_node(self) -> int:
        """The node that sets the peak: the one at work then."""
        return self.events[self.peak_time].node

    def shape_of(self, node: int) -> tuple[int, ...]:
        """The shape of a node's tensor; in a stream, whose tensors have no end, that of a row."""
        shape = self.program.nodes[node].shape
        return shape[1:] if self.program.period else shape

    def of_node(self, node: int) -> list[Span]:
        """The rows and the scratch of a node, and its copied weights."""
        return [span for span in (*self.rows, *self.scratches, *self.copies) if span.node == node]

    def bytes_used(self, node: int) -> int:
        """The most bytes that a node has in use at the same time."""
        return int(_sizes_in_time(self.of_node(node), len(self.used)).max())

    def rows_kept(self, node: int) -> int:
        """The most rows of a node that are needed at the same time."""
        rows = [replace(span, size=1) for span in self.rows if span.node == node]
        return int(_sizes_in_time(rows, len(self.used)).max())


def layout_of(program: Program, plan: Plan) -> Layout:
    """Where the rows of the program lie, by the plan that was made for it.

    >>> from convlet.compile import compile_tflite
    >>> compiled = compile_tflite(Path("digits.tflite").read_bytes(), prefer="ram")
    >>> layout = layout_of(compiled.program, compiled.plan)
    >>> compiled.program.nodes[layout.peak_node].kind, layout.rows_kept(0)
    ('CONV_2D', 3)
    """
    events = simulate(program, plan.goals)
    births, deaths = row_times(program, events, (), program.outputs)
    if program.period:
        deaths |= _until_the_next(births, program.outputs[0], len(events))
    rows = []
    for (node, row), birth in births.items():
        if program.nodes[node].stored:
            row_bytes = program.nodes[node].row_bytes
            # One that is read to the middle of an event makes place in it.
            death = math.floor(deaths[node, row])
            rows.append(Span(node, place_of(program, plan, node, row), row_bytes, birth, death))
    rows = _handed_over(rows)
    scratches = _scratches(program, plan, events)
    rings = [ring for node in range(len(program.nodes)) for ring in _ring(program, plan, node, rows)]
    begin, end = _steady_steps(program, events) if program.period else (0, len(events))
    rows, scratches, copies, rings = (
        _within(spans, begin, end) for spans in (rows, scratches, _copies(program, plan, events), rings)
    )
    used = _sizes_in_time([*rows, *scratches, *copies], end - begin + 1)
    return Layout(program, plan, events[begin:end], rows, scratches, copies, rings, used)


def _until_the_next(births: dict[Row, int], output: int, end: int) -> dict[Row, int]:
    """When each row of a stream's output makes place for the next."""
    own = [key for key in births if key[0] == output]
    return {(node, row): births.get((node, row + 1), end) - 1 for node, row in own}


def _steady_steps(program: Program, events: Sequence[Event]) -> tuple[int, int]:
    """The events of some steps of a stream when each node has made a period of rows: from one row of the input to
    another, at most a period later.
    """
    first, last = program.period[0], 2 * program.period[0]
    arrivals = [time for time, e in enumerate(events) if e.node == 0 and first <= e.row <= last]
    begin = arrivals[0]
    return begin, max(time for time in arrivals[1:] if time <= max(begin + _SHOWN_EVENTS, arrivals[1]))


def _within(spans: Sequence[Span], begin: int, end: int) -> list[Span]:
    """The parts of the spans from event `begin` to event `end`, counted from `begin` on."""
    return [
        replace(span, first=max(span.first, begin) - begin, last=min(span.last, end) - begin)
        for span in spans
        if span.first <= end and span.last >= begin
    ]


def _handed_over(rows: Sequence[Span]) -> list[Span]:
    """The spans, where one that was made in the bytes of another begins in the event in which the other ends."""
    begins = {(span.offset, span.first) for span in rows}
    return [
        replace(span, last=span.last - 1)
        if (span.offset, span.last) in begins and span.first < span.last
        else span
        for span in rows
    ]


def _scratches(program: Program, plan: Plan, events: Sequence[Event]) -> list[Span]:
    """What accumulates needs its scratch from its first step to its last; others need theirs while they work."""
    work = work_times(events)
    spans = []
    for index, node in enumerate(program.nodes):
        if node.scratch_bytes:
            own = [(time, time) for time, event in enumerate(events) if event.node == index]
            for first, last in [work.get(index, (0, 0))] if node.accumulates else own:
                spans.append(Span(index, plan.scratches[index], node.scratch_bytes, first, last))
    return spans


def _copies(program: Program, plan: Plan, events: Sequence[Event]) -> list[Span]:
    """From a node's first event on; of a stream for ever."""
    times = {node: (0, len(events)) if program.period else span for node, span in work_times(events).items()}
    return [
        Span(index, plan.copies[index], node.copied_bytes, *times[index])
        for index, node in enumerate(program.nodes)
        if node.copied_bytes and index in times
    ]


def _ring(program: Program, plan: Plan, node: int, rows: Sequence[Span]) -> list[Span]:
    own = [span for span in rows if span.node == node]
    if node in plan.places or plan.ring_rows[node] == program.nodes[node].shape[0] or not own:
        return []
    size = plan.ring_rows[node] * program.nodes[node].row_bytes
    ring = Span(node, plan.offsets[node], size, min(s.first for s in own), max(s.last for s in own))
    # In a stream nodes take turns in a place: it is not kept for any of them.
    return [] if any(row.node != node and _meet(row, ring) for row in rows) else [ring]


def _meet(a: Span, b: Span) -> bool:
    """Whether both have a byte in use at the same time."""
    in_time = a.first <= b.last and b.first <= a.last
    return in_time and a.offset < b.offset + b.size and b.offset < a.offset + a.size


def _sizes_in_time(spans: Sequence[Span], times: int) -> np.ndarray:
    """int64[times]: the sum of the sizes of the spans at each time."""
    change = np.zeros(times + 1, np.int64)
    for span in spans:
        change[span.first] += span.size
        change[span.last + 1] -= span.size
    return change[:-1].cumsum()
