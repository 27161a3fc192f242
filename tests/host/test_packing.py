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
        assert_apart(blocks, offsets)


def assert_apart(blocks, offsets):
    """No byte is in use by two blocks at any time."""
    used = set()
    for block, offset in zip(blocks, offsets, strict=True):
        own = {
            (offset + begin + byte, time)
            for begin, size, first, last in block.parts()
            for byte in range(size)
            for time in range(first, last + 1)
        }
        assert not own & used
        used |= own


def test_a_block_leaves_its_bytes_to_others_until_it_needs_them():
    """The last of three pieces is in use from event 4 on: until then another block lies there."""
    grows = Block(0, 9, 30, pieces=((0, 9), (2, 9), (4, 9)))
    other = Block(0, 3, 10)
    offsets, end = pack([grows, other])
    assert end == lower_bound([grows, other]) == 30
    assert offsets == [0, 20]


def test_pieces_never_overlap():
    chance = random.Random(1)
    for _ in range(5):
        blocks = []
        for _ in range(12):
            begins = sorted(chance.randrange(20) for _ in range(chance.randrange(1, 5)))
            pieces = tuple((begin, 24 - chance.randrange(4)) for begin in begins)
            size = len(pieces) * chance.randrange(1, 9)
            blocks.append(Block(begins[0], 24, size, chance.choice((1, 4)), pieces))
        blocks += [Block(time, time + 3, 20) for time in range(0, 20, 4)]
        offsets, end = pack(blocks)
        assert_apart(blocks, offsets)
        assert end >= lower_bound(blocks)


def test_a_block_with_times_leaves_its_bytes_between_them():
    turns = Block(0, 9, 20, times=((0, 1), (4, 5), (8, 9)))
    between = Block(2, 7, 20, times=((2, 3), (6, 7)))
    all_the_time = Block(0, 9, 5)
    assert lower_bound([turns, between, all_the_time]) == 25
    offsets, end = pack([turns, between, all_the_time])
    assert end == 25 and offsets[0] == offsets[1]
    assert pack([turns, Block(5, 6, 20)])[1] == lower_bound([turns, Block(5, 6, 20)]) == 40


def test_half_an_event_is_apart_from_the_next():
    read, written = Block(0, 2.5, 10), Block(3, 5, 10)
    assert pack([read, written])[1] == lower_bound([read, written]) == 10
    scratch = Block(2.5, 3, 10, times=((2.5, 3),))
    assert pack([read, scratch])[1] == lower_bound([read, scratch]) == 20


def test_times_never_overlap():
    chance = random.Random(2)
    for _ in range(5):
        blocks = []
        for _ in range(12):
            ends = sorted(chance.sample(range(25), 2 * chance.randrange(1, 4)))
            times = tuple(zip(ends[::2], ends[1::2], strict=True))
            blocks.append(
                Block(ends[0], ends[-1], chance.randrange(1, 30), chance.choice((1, 4)), times=times)
            )
        blocks += [Block(time, time + 3, 20) for time in range(0, 20, 4)]
        offsets, end = pack(blocks)
        assert_apart(blocks, offsets)
        assert end >= lower_bound(blocks)


def test_more_orders_are_tried_where_the_best_is_not_good_enough():
    chance = random.Random(4)
    begins = [chance.randrange(20) for _ in range(40)]
    blocks = [Block(begin, begin + chance.randrange(6), chance.randrange(10, 60)) for begin in begins]
    _, first_end = pack(blocks)
    assert first_end > lower_bound(blocks)
    offsets, end = pack(blocks, enough=first_end - 1)
    assert_apart(blocks, offsets)
    assert end < first_end and pack(blocks, enough=first_end)[1] == first_end
