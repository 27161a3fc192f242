"""Plans the arena: the order of work, the rows of each tensor that are kept, and where. Every plan is proved."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from convlet.cuts import best_goals, segment_peak
from convlet.errors import ConvletError
from convlet.format import STATE
from convlet.limits import MOST_ARENA_BYTES, MOST_PLACED_ROWS, check_limit
from convlet.packing import Block, pack
from convlet.program import Program
from convlet.schedule import Event, lifetimes, simulate
from convlet.storage import copies_of, scratches_of, storage_of

_LARGEST_PLACE = 0xFFFF  # of a row, in a table of uint16


@dataclass(frozen=True)
class Plan:
    """Where everything lies, in arena offsets in bytes.

    `places` has the offset of each row of a node whose rows have places of their own; the rows of any other node
    lie in a ring of `ring_rows` rows at `offsets`. `scratches` and `copies`, those of constants, hold 0 for a node
    without.
    """

    goals: list[int]
    ring_rows: list[int]
    offsets: list[int]
    places: dict[int, list[int]]
    scratches: list[int]
    copies: list[int]
    arena_bytes: int
    state_bytes: int

    @property
    def tensor_bytes(self) -> int:
        """Rows, scratch and the output."""
        return self.arena_bytes - self.state_bytes


def plan(program: Program, enough: float = math.inf) -> Plan:
    """The smallest arena found for the program, proved by `prove`. The search is longer where that is beyond `enough`
    bytes, and less may do.

    Raises ModelError when it is larger than any microcontroller's.
    """
    _, goals = best_goals(program, lambda begin, end: segment_peak(program, begin, end))
    return plan_goals(program, goals, enough)


def plan_goals(program: Program, goals: list[int], enough: float = math.inf) -> Plan:
    """The same for this order of work."""
    events = simulate(program, goals)
    rings = plan_rings(program, events, goals)
    best = rings
    if sum(node.shape[0] for node in program.nodes) <= MOST_PLACED_ROWS:
        placed = plan_places(program, events, goals, enough)
        # Rings are the simpler file, and need no table: a row's own place must be worth it.
        if placed.arena_bytes < rings.arena_bytes and placed.arena_bytes <= _LARGEST_PLACE:
            best = placed
    check_limit("the smallest arena found", "bytes", best.arena_bytes, MOST_ARENA_BYTES)
    prove(program, events, best)
    return best


def plan_layers(program: Program) -> Plan:
    """Layer by layer: every tensor but the inputs is made whole before the next one begins. What rows are compared
    with.
    """
    goals = list(range(program.input_count, len(program.nodes)))
    events = simulate(program, goals)
    planned = plan_rings(program, events, goals)
    prove(program, events, planned)
    return planned


def plan_rings(program: Program, events: list[Event], goals: list[int]) -> Plan:
    """Every tensor in a ring of the rows that are needed together."""
    lives = lifetimes(program, events)
    pairs = zip(lives, program.nodes, strict=True)
    rings = [
        Block(life.first, life.last, life.ring_rows * node.row_bytes, pieces=life.pieces)
        for life, node in pairs
    ]
    scratches, numbers = scratches_of(program, events)
    copies = copies_of(program, events)
    state_bytes = STATE.size * len(program.nodes)
    offsets, end = pack([*rings, *scratches, *copies.values()], state_bytes)
    copied = dict(zip(copies, offsets[len(rings) + len(scratches) :], strict=True))
    return Plan(
        goals=goals,
        ring_rows=[life.ring_rows for life in lives],
        offsets=offsets[: len(rings)],
        places={},
        scratches=[offsets[len(rings) + numbers[i]] if i in numbers else 0 for i in range(len(lives))],
        copies=[copied.get(i, 0) for i in range(len(lives))],
        arena_bytes=end,
        state_bytes=state_bytes,
    )


def plan_places(program: Program, events: list[Event], goals: list[int], enough: float = math.inf) -> Plan:
    """Every row in a place of its own, but for tensors that are needed in one piece. `enough`: as for `plan`."""
    whole = program.whole_nodes
    storage = storage_of(program, events, (), program.outputs, whole)
    state_bytes = STATE.size * len(program.nodes)
    # A node that never works, since only padding is read of it, still names a place that is in the arena.
    idle = [i for i in range(len(program.nodes)) if (i, 0) not in storage.rows]
    copies = copies_of(program, events)
    blocks = [*storage.blocks, *copies.values(), *(Block(0, 0, program.nodes[i].row_bytes) for i in idle)]
    offsets, end = pack(blocks, state_bytes, enough)
    first_idle = len(offsets) - len(idle)
    copied = dict(zip(copies, offsets[len(storage.blocks) : first_idle], strict=True))
    idle_offsets = dict(zip(idle, offsets[first_idle:], strict=True))

    def place(index: int, row: int) -> int:
        # Rows at a tensor's end that nobody reads are never made: they lie where the first does.
        number, offset = storage.rows.get((index, row)) or storage.rows[index, 0]
        return offsets[number] + offset

    rows = [range(node.shape[0]) for node in program.nodes]
    in_rings = whole | set(idle)
    return Plan(
        goals=goals,
        ring_rows=[1 if i in idle_offsets else len(rows[i]) for i in range(len(rows))],
        offsets=[idle_offsets[i] if i in idle_offsets else place(i, 0) for i in range(len(rows))],
        places={i: [place(i, row) for row in rows[i]] for i in range(len(rows)) if i not in in_rings},
        scratches=[offsets[storage.scratches[i]] if i in storage.scratches else 0 for i in range(len(rows))],
        copies=[copied.get(i, 0) for i in range(len(rows))],
        arena_bytes=end,
        state_bytes=state_bytes,
    )


def place_of(program: Program, plan: Plan, node: int, row: int) -> int:
    """The offset in the arena of a node's row."""
    if node in plan.places:
        return plan.places[node][row]
    return plan.offsets[node] + row % plan.ring_rows[node] * program.nodes[node].row_bytes


def prove(program: Program, events: list[Event], plan: Plan) -> None:
    """Replay the inference and stamp every byte of the arena with what was written there last.

    Raises ConvletError when an event reads a byte that holds something else, or an output is not whole at the end.
    Of a stream the last row of the output must be there whenever one of the input is waited for.
    """
    proof = _Proof(program, plan)
    for event in events:
        if program.period and event.node == 0:
            proof.check_last_row(program.outputs[0])
        proof.replay(event)
    for index in program.outputs:
        for row in range(program.nodes[index].shape[0] if not program.period else 0):
            proof.check(index, row)


_SCRATCH, _COPY = -1, -2  # in the place of a row


class _Proof:
    """Stamps: 0 nothing, then one number for each row, each scratch and each copy of constants."""

    def __init__(self, program: Program, plan: Plan) -> None:
        self.program, self.plan = program, plan
        self.stamps = np.zeros(plan.arena_bytes, np.int64)
        self.worked_on: dict[int, int] = {}  # the row that a node last worked on

    def replay(self, event: Event) -> None:
        node = self.program.nodes[event.node]
        if self.worked_on.get(event.node) == event.row:
            if node.keeps_sums_in_row:
                self.check(event.node, event.row)
            else:
                self.check(event.node, _SCRATCH)
        if event.node not in self.worked_on:
            self._write(event.node, _COPY)
        self.worked_on[event.node] = event.row
        for source, row in event.reads:
            self.check(source, row)
        self._write(event.node, _SCRATCH)
        if node.reads_first:
            self._check_reads(event)
        if event.writes:
            self._write(event.node, event.row)
        if not node.reads_first:
            own = self._place(event.node, event.row)
            self._check_reads(event, made_in_place=own if node.in_place and event.made else None)
        self.check(event.node, _SCRATCH)
        self.check(event.node, _COPY)

    def _check_reads(self, event: Event, made_in_place: slice | None = None) -> None:
        """What the event itself has written must not lie over what it reads, but for a row made in place."""
        for source, row in event.reads:
            if made_in_place is None or self._place(source, row) != made_in_place:
                self.check(source, row)

    def check_last_row(self, index: int) -> None:
        if index in self.worked_on:
            self.check(index, self.worked_on[index])

    def check(self, index: int, row: int) -> None:
        if not (self.stamps[self._place(index, row)] == self._stamp(index, row)).all():
            what = {_SCRATCH: "the scratch", _COPY: "the copied weights"}.get(row, f"row {row}")
            raise ConvletError(
                f"the plan is wrong: {what} of node {index} was overwritten before it was read"
            )

    def _write(self, index: int, row: int) -> None:
        self.stamps[self._place(index, row)] = self._stamp(index, row)

    @staticmethod
    def _stamp(index: int, row: int) -> int:
        return (index << 17) + row - _COPY + 1

    def _place(self, index: int, row: int) -> slice:
        node = self.program.nodes[index]
        if row == _SCRATCH:
            begin, size = self.plan.scratches[index], node.scratch_bytes
        elif row == _COPY:
            begin, size = self.plan.copies[index], node.copied_bytes
        else:
            begin, size = place_of(self.program, self.plan, index, row), node.row_bytes
        return slice(begin, begin + size)
