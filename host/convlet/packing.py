"""Packs blocks of bytes that are in use for a time into as few bytes as can be found."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

_PERMUTED = 6  # up to this many blocks all orders are tried: 720
_SECONDS_OF_WORK = 4_000_000  # pairs of blocks that are compared at most, which bounds the time


@dataclass(frozen=True)
class Block:
    """Bytes that are in use from event `first` to event `last`."""

    first: int
    last: int
    size: int
    alignment: int = 1


def lower_bound(blocks: Sequence[Block]) -> int:
    """Bytes that are in use together, at most: no packing needs less."""
    change: dict[int, int] = {}
    for block in blocks:
        change[block.first] = change.get(block.first, 0) + block.size
        change[block.last + 1] = change.get(block.last + 1, 0) - block.size
    return max(itertools.accumulate(change[time] for time in sorted(change)))


def pack(blocks: Sequence[Block], begin: int = 0) -> tuple[list[int], int]:
    """Offsets from `begin` on such that blocks in use together do not overlap, and the end of the last one.

    Puts the blocks one by one at the lowest free offset, in many orders, until one meets the lower bound.
    """
    bound = begin + lower_bound(blocks)
    packer = _Packer(blocks, begin)
    best = None
    for order in _orders(blocks):
        placed = packer.place(order)
        if best is None or placed[1] < best[1]:
            best = placed
        if best[1] == bound:
            break
    assert best is not None
    return best


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
        first = np.array([block.first for block in blocks])
        last = np.array([block.last for block in blocks])
        meets = (first[:, None] <= last[None, :]) & (first[None, :] <= last[:, None])
        self.neighbours = [np.flatnonzero(row) for row in meets]

    def place(self, order: Sequence[int]) -> tuple[list[int], int]:
        """Each block, in this order, at the lowest offset where it meets no block placed before."""
        offsets = np.full(len(self.blocks), -1, np.int64)
        sizes = np.array([block.size for block in self.blocks])
        for i in order:
            block = self.blocks[i]
            others = self.neighbours[i]
            others = others[offsets[others] >= 0]
            begins = offsets[others]
            ends = begins + sizes[others]
            by_begin = np.argsort(begins, kind="stable")
            offset = _aligned(self.begin, block.alignment)
            for begin, end in zip(begins[by_begin].tolist(), ends[by_begin].tolist(), strict=True):
                if begin >= offset + block.size:
                    break
                offset = max(offset, _aligned(end, block.alignment))
            offsets[i] = offset
        return offsets.tolist(), int((offsets + sizes).max())


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment
