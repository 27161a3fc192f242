"""Packs blocks of bytes that are in use for a time into as few bytes as can be found."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convlet.limits import MOST_PLACED_ROWS

_PERMUTED = 6  # up to this many blocks all orders are tried: 720
_LEAST_ORDERS = 5
_MOST_PAIRS = 50_000_000  # pairs of pieces that are looked at in all orders, which bounds the time
_SECONDS_OF_WORK = 4_000_000  # pairs of blocks that are compared at most, which bounds the time
_MORE_WORK = 4 * _SECONDS_OF_WORK  # where less is known to be worth it
_MOST_TRIALS = 2000
_NOWHERE = -(1 << 40)  # where a block lies that is not placed yet: far below all others
_WARMTH = 60  # bytes too many that annealing takes for granted at first


@dataclass(frozen=True)
class Block:
    """Bytes that are in use from event `first` to event `last`, or to the middle of an event, such as 2.5.

    Where there are `pieces`, it is made of as many pieces of the same size, one behind the other, and each of them is
    in use from its own first to its own last event. Where there are `times`, pairs of a first and a last event, all of
    it is in use in these only.
    """

    first: float
    last: float
    size: int
    alignment: int = 1
    pieces: tuple[tuple[float, float], ...] = ()
    times: tuple[tuple[float, float], ...] = ()

    def parts(self) -> Iterator[tuple[int, int, float, float]]:
        """Of each piece or time: where in the block it begins, its bytes, its first and its last event."""
        if self.times:
            return ((0, self.size, first, last) for first, last in self.times)
        pieces = self.pieces or ((self.first, self.last),)
        size = self.size // len(pieces)
        return ((i * size, size, first, last) for i, (first, last) in enumerate(pieces))


def lower_bound(blocks: Sequence[Block]) -> int:
    """Bytes that are in use together, at most: no packing needs less."""
    change: dict[float, int] = {}
    for block in blocks:
        for _, size, first, last in block.parts():
            change[first] = change.get(first, 0) + size
            change[last + 0.5] = change.get(last + 0.5, 0) - size
    return max(itertools.accumulate(change[time] for time in sorted(change)), default=0)


def pack(blocks: Sequence[Block], begin: int = 0, enough: float = math.inf) -> tuple[list[int], int]:
    """Offsets from `begin` on such that blocks in use together do not overlap, and the end of the last one.

    Puts the blocks one by one at the lowest free offset, in many orders, until one meets the lower bound. Where the
    best is beyond `enough` and the bound is not, more orders are tried.
    """
    if sum(len(block.pieces) + len(block.times) for block in blocks) > MOST_PLACED_ROWS:
        blocks = [replace(block, pieces=(), times=()) for block in blocks]
    bound = begin + lower_bound(blocks)
    packer = _Packer(blocks, begin)
    best, best_order = None, None
    for order in itertools.islice(
        _orders(blocks), max(_LEAST_ORDERS, _MOST_PAIRS // (packer.pair_count + 1))
    ):
        placed = packer.place(order)
        if best is None or placed[1] < best[1]:
            best, best_order = placed, order
        if best[1] == bound:
            break
    assert best is not None and best_order is not None
    if bound <= enough < best[1] and len(blocks) > _PERMUTED:
        return min(best, _anneal(packer, best_order, bound, enough), key=lambda placed: placed[1])
    return best


def _anneal(packer: _Packer, order: Sequence[int], bound: int, enough: float) -> tuple[list[int], int]:
    """The first packing found whose end is at most `enough`, else the last one tried.

    Simulated annealing from `order` on: one block is placed earlier, mostly one of those that end above `bound`, or
    anywhere else. A worse order is kept the more rarely the more trials there have been.
    """
    chance = random.Random(0)
    count = len(order)
    sizes = [block.size for block in packer.blocks]

    def excess(offsets: Sequence[int]) -> int:
        return sum(max(0, at + size - bound) for at, size in zip(offsets, sizes, strict=True))

    now = list(order)
    offsets, end = packer.place(now)
    trials = min(_MOST_TRIALS, _MORE_WORK // count**2)
    for trial in range(trials):
        if end <= enough:
            break
        above = [i for i in range(count) if offsets[i] + sizes[i] > bound]
        if chance.random() < 0.5:
            source = now.index(chance.choice(above))
            target = chance.randrange(source + 1)
        else:
            source, target = chance.randrange(count), chance.randrange(count)
        changed = now.copy()
        changed.insert(target, changed.pop(source))
        placed = packer.place(changed, min(source, target), offsets)
        worse = excess(placed[0]) - excess(offsets)
        if worse <= 0 or chance.random() < math.exp(-worse / (_WARMTH * (1 - trial / trials))):
            now, (offsets, end) = changed, placed
    return offsets, end


def _orders(blocks: Sequence[Block]) -> Iterator[Sequence[int]]:
    """Orders to place the blocks in, the most promising first."""
    numbers = range(len(blocks))
    if len(blocks) <= _PERMUTED:
        yield from itertools.permutations(numbers)
        return
    keys = (
        lambda i: (-blocks[i].size, blocks[i].first),
        lambda i: (blocks[i].first, -blocks[i].size),
        lambda i: (-(blocks[i].last - blocks[i].first), blocks[i].first),
        lambda i: (-blocks[i].size * (blocks[i].last - blocks[i].first + 1), blocks[i].first),
        lambda i: (-blocks[i].size, -blocks[i].last),
    )
    sorted_orders = [sorted(numbers, key=key) for key in keys]
    yield from sorted_orders
    chance = random.Random(0)
    for trial in range(min(400, _SECONDS_OF_WORK // len(blocks) ** 2)):
        order = sorted_orders[trial % len(sorted_orders)].copy()
        for _ in range(1 + trial % 3):
            i, j = chance.sample(numbers, 2)
            order[i], order[j] = order[j], order[i]
        yield order


class _Packer:
    def __init__(self, blocks: Sequence[Block], begin: int) -> None:
        self.blocks, self.begin = blocks, begin
        parts = [(i, *part) for i, block in enumerate(blocks) for part in block.parts()]
        owner, within, sizes = np.array([part[:3] for part in parts], np.int64).T
        first, last = np.array([part[3:] for part in parts]).T
        meets = (first[:, None] <= last[None, :]) & (first[None, :] <= last[:, None])
        own, others = np.nonzero(meets & (owner[:, None] != owner[None, :]))
        begins = within[others] - within[own]
        # Of each pair of parts that meet: the other's block, and from that block's offset on the two ends of where the
        # own block cannot begin.
        pairs = np.array([owner[others], begins - sizes[own], begins + sizes[others]])
        # The pairs of a block stand together, since its parts do.
        cuts = np.searchsorted(owner[own], np.arange(1, len(blocks)))
        self.pairs = np.split(pairs, cuts, axis=1)
        self.pair_count = len(own)

    def place(self, order: Sequence[int], kept: int = 0, before: Sequence[int] = ()) -> tuple[list[int], int]:
        """Each block, in this order, at the lowest offset where it meets no block placed before.

        The first `kept` of the order lie where they lay in `before`, when the order began with the same ones.
        """
        offsets = np.full(len(self.blocks), _NOWHERE, np.int64)
        for i in order[:kept]:
            offsets[i] = before[i]
        for i in order[kept:]:
            others, to_above, to_end = self.pairs[i]
            at = offsets[others]
            above = at + to_above
            by_above = above.argsort(kind="stable")
            # The lowest offset if those below the first, the second ... of the forbidden ranges are taken.
            lowest = np.empty(len(at) + 1, np.int64)
            lowest[0] = self.begin
            lowest[1:] = (at + to_end)[by_above]
            alignment = self.blocks[i].alignment
            if alignment > 1:
                lowest = -(-lowest // alignment) * alignment
            np.maximum.accumulate(lowest, out=lowest)
            fits = np.ones(len(lowest), bool)  # the last one does, beyond all ranges
            np.greater_equal(above[by_above], lowest[:-1], out=fits[:-1])
            offsets[i] = lowest[fits.argmax()]
        return offsets.tolist(), int((offsets + [block.size for block in self.blocks]).max())
