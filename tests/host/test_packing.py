import random

import pytest
from convlet.packing import Block, lower_bound, pack


def test_lower_bound_is_what_lives_together():
    times = [(0, 3), (2, 5), (4, 9), (6, 7)]
    for sizes, most in (([10, 20, 5, 1], 30), ([10, 20, 15, 9], 35)):
        assert lower_bound([Block(*time, size) for time, size in zip(times, sizes, strict=True)]) == most


def test_rings_that_do_not_live_together_share_bytes():
    offsets, end = pack([Block(0, 3, 10), Block(2, 5, 20), Block(4, 9, 10)], begin=7)
    assert end == 37 and offsets[0] == offsets[2] != offsets[1] and min(offsets) == 7


def test_blocks_are_aligned():
    offsets, end = pack([Block(0, 1, 3), Block(0, 1, 8, alignment=4)], begin=6)
    assert offsets[1] % 4 == 0 and end == 19


@pytest.mark.parametrize("count", [1, 5, 7, 25])
def test_packed_rings_never_overlap(count):
    chance = random.Random(count)
    for _ in range(3):
        begins = [chance.randrange(20) for _ in range(count)]
        blocks = [
            Block(begin, begin + chance.randrange(8), chance.randrange(1, 50), chance.choice((1, 4)))
            for begin in begins
        ]
        offsets, end = pack(blocks)
        ends = [offset + block.size for offset, block in zip(offsets, blocks, strict=True)]
        assert max(ends) == end >= lower_bound(blocks)
        assert all(offset % block.alignment == 0 for offset, block in zip(offsets, blocks, strict=True))
        for i in range(count):
            for j in range(i):
                together = blocks[i].first <= blocks[j].last and blocks[j].first <= blocks[i].last
                assert ends[i] <= offsets[j] or ends[j] <= offsets[i] or not together
