"""Plans the arena: how many rows of each tensor are kept, and where. Every plan is proved before it is used."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

import numpy as np

from convlet.errors import ConvletError
from convlet.format import STATE
from convlet.program import Program
from convlet.schedule import Event, Lifetime, lifetimes, simulate, work_times

SCRATCH_ALIGNMENT = 4
_PERMUTED = 6  # up to this many rings all orders are tried: 720
_SHUFFLES = 400  # for more, this many random exchanges of the best order found


@dataclass(frozen=True)
class Plan:
    """Where the ring and the scratch of each node lie (arena offsets in bytes), the rows that it keeps, and goals."""

    goals: list[int]
    ring_rows: list[int]
    offsets: list[int]
    scratches: list[int]  # 0 for a node without
    arena_bytes: int
    state_bytes: int

    @property
    def tensor_bytes(self) -> int:
        """Rings, scratch and the output."""
        return self.arena_bytes - self.state_bytes


@dataclass(frozen=True)
class Block:
    """Bytes that are in use from event `first` to event `last`."""

    first: int
    last: int
    size: int
    alignment: int = 1

    def meets(self, other: Block) -> bool:
        """Whether both are in use at some time."""
        return self.first <= other.last and other.first <= self.last


def plan(program: Program) -> Plan:
    """The smallest arena found for the program, proved by `prove`."""
    goals = list(dict.fromkeys(program.outputs))
    events = simulate(program, goals)
    lives = lifetimes(program, events)
    scratched = [i for i, node in enumerate(program.nodes) if node.scratch_bytes]
    state_bytes = STATE.size * len(program.nodes)
    offsets, end = pack(_blocks(program, events, lives, scratched), state_bytes)
    scratch_of = dict(zip(scratched, offsets[len(lives) :], strict=True))
    result = Plan(
        goals=goals,
        ring_rows=[life.ring_rows for life in lives],
        offsets=offsets[: len(lives)],
        scratches=[scratch_of.get(i, 0) for i in range(len(lives))],
        arena_bytes=end,
        state_bytes=state_bytes,
    )
    prove(program, events, result)
    return result


def _blocks(
    program: Program, events: list[Event], lives: list[Lifetime], scratched: list[int]
) -> list[Block]:
    """The ring of every node, then the scratch of those that have one."""
    pairs = zip(lives, program.nodes, strict=True)
    rings = [Block(life.first, life.last, life.ring_rows * node.row_bytes) for life, node in pairs]
    times = work_times(program, events)
    return rings + [Block(*times[i], program.nodes[i].scratch_bytes, SCRATCH_ALIGNMENT) for i in scratched]


def lower_bound(blocks: list[Block]) -> int:
    """Bytes that are in use together, at most: no packing needs less."""
    return max(
        sum(block.size for block in blocks if block.first <= now.first <= block.last) for now in blocks
    )


def pack(blocks: list[Block], begin: int = 0) -> tuple[list[int], int]:
    """Offsets from `begin` on such that blocks in use together do not overlap, and the end of the last one.

    Puts the blocks one by one at the lowest free offset, in many orders, until one meets the lower bound.
    """
    count, bound = len(blocks), begin + lower_bound(blocks)
    by_size = sorted(range(count), key=lambda i: (-blocks[i].size, blocks[i].first))
    by_time = sorted(range(count), key=lambda i: (blocks[i].first, -blocks[i].size))
    orders = [by_size, by_time]
    if count <= _PERMUTED:
        orders += [list(order) for order in itertools.permutations(range(count))]
    best = min((_place(order, blocks, begin) for order in orders), key=lambda placed: placed[1])
    if count <= _PERMUTED:
        return best
    order, chance = by_size, random.Random(0)
    for _ in range(_SHUFFLES):
        if best[1] == bound:
            break
        trial = order.copy()
        i, j = chance.sample(range(count), 2)
        trial[i], trial[j] = trial[j], trial[i]
        placed = _place(trial, blocks, begin)
        if placed[1] <= best[1]:
            best, order = placed, trial
    return best


def _place(order: list[int], blocks: list[Block], begin: int) -> tuple[list[int], int]:
    offsets = [0] * len(blocks)
    placed: list[int] = []
    for i in order:
        block, offset = blocks[i], _aligned(begin, blocks[i].alignment)
        for j in sorted(placed, key=lambda k: offsets[k]):
            if block.meets(blocks[j]) and offsets[j] < offset + block.size:
                offset = max(offset, _aligned(offsets[j] + blocks[j].size, block.alignment))
        offsets[i] = offset
        placed.append(i)
    return offsets, max(offset + block.size for offset, block in zip(offsets, blocks, strict=True))


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


def prove(program: Program, events: list[Event], result: Plan) -> None:
    """Replay the inference and stamp every byte of the arena with what was written there last.

    Raises ConvletError when an event reads a byte that holds something else, or an output is not whole at the end.
    """
    stamps = np.full(result.arena_bytes, -1, np.int64)

    def place(index: int, row: int) -> tuple[slice, int]:
        row_bytes = program.nodes[index].row_bytes
        start = result.offsets[index] + row % result.ring_rows[index] * row_bytes
        return slice(start, start + row_bytes), index << 17 | row

    def scratch(index: int) -> tuple[slice, int]:
        start = result.scratches[index]
        return slice(start, start + program.nodes[index].scratch_bytes), index << 17 | 1 << 16

    def check(index: int, row: int, where: slice, stamp: int) -> None:
        if not (stamps[where] == stamp).all():
            raise ConvletError(
                f"the plan is wrong: row {row} of node {index} was overwritten before it was read"
            )

    last_worker = dict.fromkeys(range(len(program.nodes)), -1)
    for event in events:
        node = program.nodes[event.node]
        if node.accumulates and last_worker[event.node] == event.row:
            check(event.node, event.row, *scratch(event.node))
        last_worker[event.node] = event.row
        where, stamp = scratch(event.node)
        stamps[where] = stamp
        if event.made:
            where, stamp = place(event.node, event.row)
            stamps[where] = stamp
        # Looked at last: what the event itself writes must not lie over what it reads either.
        for source, row in event.reads:
            check(source, row, *place(source, row))
    for index in program.outputs:
        for row in range(program.nodes[index].shape[0]):
            check(index, row, *place(index, row))
