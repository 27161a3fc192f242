import random
from dataclasses import replace

import pytest
from chain import Chain, digits_chain, padded_chain, program_of
from convlet.compile import compile_tflite
from convlet.errors import ConvletError
from convlet.plan import Block, lower_bound, pack, plan, prove
from convlet.schedule import lifetimes, simulate


def test_the_digits_fit_into_256_bytes(digits):
    """The article reserves 6,144 bytes; all tensors, scratch and bookkeeping are counted."""
    compiled = compile_tflite(digits.tflite.read_bytes(), vectors=0)
    assert compiled.plan.arena_bytes == 216
    assert compiled.plan.state_bytes + compiled.plan.tensor_bytes == 216
    assert len(compiled.cvl) <= 1300


def test_a_plan_meets_the_lower_bound():
    for chain in (
        digits_chain(),
        padded_chain(),
        Chain((40, 12, 2)).conv(4).conv(4).max_pool().conv(8).dense(3),
    ):
        program = program_of(chain)
        planned = plan(program)
        lives = lifetimes(program, simulate(program, planned.goals))
        pairs = zip(lives, program.nodes, strict=True)
        rings = [Block(life.first, life.last, life.ring_rows * node.row_bytes) for life, node in pairs]
        assert planned.tensor_bytes == lower_bound(rings)


def wrong(program, planned, index, **changes):
    """The plan with changes of the fields of node `index`, in an arena that is large enough."""
    fields = {name: list(getattr(planned, name)) for name in ("ring_rows", "offsets")}
    for name, value in changes.items():
        fields[name][index] = value
    return replace(planned, arena_bytes=planned.arena_bytes + 1000, **fields)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_ring_one_row_short_is_noticed(index):
    program = program_of(digits_chain())
    planned = plan(program)
    events = simulate(program, planned.goals)
    prove(program, events, planned)
    short = wrong(program, planned, index, ring_rows=planned.ring_rows[index] - 1)
    with pytest.raises(ConvletError, match=f"the plan is wrong: row . of node {index} was overwritten"):
        prove(program, events, short)


def test_rings_that_overlap_are_noticed():
    program = program_of(digits_chain())
    planned = plan(program)
    events = simulate(program, planned.goals)
    for shift in (0, 1, planned.ring_rows[0] * program.nodes[0].row_bytes - 1):
        with pytest.raises(ConvletError, match="was overwritten before it was read"):
            prove(program, events, wrong(program, planned, 1, offsets=planned.offsets[0] + shift))


def test_an_output_that_is_overwritten_is_noticed():
    program = program_of(Chain((6, 6, 1)).max_pool())
    planned = plan(program)
    with pytest.raises(ConvletError, match="row 0 of node 1 was overwritten"):
        prove(program, simulate(program, planned.goals), wrong(program, planned, 1, ring_rows=1))


def test_a_row_that_lies_on_what_it_is_made_from_is_noticed():
    program = program_of(Chain((2, 2, 1)).max_pool())
    planned = plan(program)
    with pytest.raises(ConvletError, match=r"row \d of node 0 was overwritten"):
        prove(
            program, simulate(program, planned.goals), wrong(program, planned, 1, offsets=planned.offsets[0])
        )


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
