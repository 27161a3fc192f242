"""Plans the arena: how many rows of each tensor are kept, and where. Every plan is proved before it is
used.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from convlet.errors import ConvletError
from convlet.format import STATE
from convlet.program import Program
from convlet.schedule import Event, Lifetime, lifetimes, simulate

_PERMUTED = 6  # up to this many rings all orders are tried: 720
_SHUFFLES = 400  # for more, this many random exchanges of the best order found


@dataclass(frozen=True)
class Plan:
    """Where each node's ring lies (arena offset in bytes), its rows, and the goals that the engine pulls."""

    goals: list[int]
    ring_rows: list[int]
    offsets: list[int]
    arena_bytes: int
    state_bytes: int

    @property
    def tensor_bytes(self) -> int:
        return self.arena_bytes - self.state_bytes


def plan(program: Program) -> Plan:
    """The smallest arena found for the program, proved by `prove`."""
    goals = list(dict.fromkeys(program.outputs))
    events = simulate(program, goals)
    lives = lifetimes(program, events)
    sizes = [life.ring_rows * node.row_bytes for life, node in zip(lives, program.nodes, strict=True)]
    state_bytes = STATE.size * len(program.nodes)
    offsets, end = pack(lives, sizes)
    result = Plan(
        goals=goals,
        ring_rows=[life.ring_rows for life in lives],
        offsets=[state_bytes + offset for offset in offsets],
        arena_bytes=state_bytes + end,
        state_bytes=state_bytes,
    )
    prove(program, events, result)
    return result


def lower_bound(lives: list[Lifetime], sizes: list[int]) -> int:
    """Bytes of the rings that are in use together, at most: no packing needs less."""
    return max(
        sum(size for life, size in zip(lives, sizes, strict=True) if life.first <= now.first <= life.last)
        for now in lives
    )


def pack(lives: list[Lifetime], sizes: list[int]) -> tuple[list[int], int]:
    """Offsets of the rings such that those in use together do not overlap, and the bytes that they take in
    all.

    Puts the rings one by one at the lowest free offset, in many orders, until one meets the lower bound.
    """
    count, bound = len(sizes), lower_bound(lives, sizes)
    by_size = sorted(range(count), key=lambda i: (-sizes[i], lives[i].first))
    by_time = sorted(range(count), key=lambda i: (lives[i].first, -sizes[i]))
    orders = [by_size, by_time]
    if count <= _PERMUTED:
        orders += [list(order) for order in itertools.permutations(range(count))]
    best = min((_place(order, lives, sizes) for order in orders), key=lambda placed: placed[1])
    if count <= _PERMUTED:
        return best
    order, chance = by_size, random.Random(0)
    for _ in range(_SHUFFLES):
        if best[1] == bound:
            break
        trial = order.copy()
        i, j = chance.sample(range(count), 2)
        trial[i], trial[j] = trial[j], trial[i]
        placed = _place(trial, lives, sizes)
        if placed[1] <= best[1]:
            best, order = placed, trial
    return best


def _place(order: list[int], lives: list[Lifetime], sizes: list[int]) -> tuple[list[int], int]:
    offsets = [0] * len(sizes)
    placed: list[int] = []
    for i in order:
        offset = 0
        for j in sorted(placed, key=lambda k: offsets[k]):
            together = lives[i].first <= lives[j].last and lives[j].first <= lives[i].last
            if together and offsets[j] < offset + sizes[i]:
                offset = max(offset, offsets[j] + sizes[j])
        offsets[i] = offset
        placed.append(i)
    return offsets, max(offset + size for offset, size in zip(offsets, sizes, strict=True))


def prove(program: Program, events: list[Event], result: Plan) -> None:
    """Replay the inference and stamp every byte of the arena with the row that was written there last.

    Raises ConvletError when an event reads a byte that holds something else, or an output is not whole at
    the end.
    """
    stamps = np.full(result.arena_bytes, -1, np.int64)

    def place(index: int, row: int) -> tuple[slice, int]:
        row_bytes = program.nodes[index].row_bytes
        start = result.offsets[index] + row % result.ring_rows[index] * row_bytes
        return slice(start, start + row_bytes), index << 16 | row

    def check(index: int, rows: Iterable[int]) -> None:
        for row in rows:
            where, stamp = place(index, row)
            if not (stamps[where] == stamp).all():
                raise ConvletError(
                    f"the plan is wrong: row {row} of node {index} was overwritten before it was read"
                )

    for event in events:
        source = program.nodes[event.node].source
        if source is not None:
            check(source, event.reads)
        where, stamp = place(event.node, event.row)
        stamps[where] = stamp
        if source is not None:
            check(source, event.reads)  # the row that was made must not lie over one that it is made from
    for index in program.outputs:
        check(index, range(program.nodes[index].shape[0]))
