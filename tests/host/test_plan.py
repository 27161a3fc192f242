from dataclasses import replace

import pytest
from chain import Chain, digits_chain, padded_chain, program_of
from convlet.compile import compile_tflite
from convlet.copies import with_copies
from convlet.errors import ConvletError
from convlet.packing import Block, lower_bound
from convlet.plan import plan, plan_rings, prove
from convlet.schedule import lifetimes, simulate
from convlet.variants import choose_variants
from exactness import assert_exact


def test_the_digits_fit_into_256_bytes(digits):
    """The article reserves 6,144 bytes; all tensors, scratch and bookkeeping are counted."""
    compiled = compile_tflite(digits.tflite.read_bytes(), vectors=0)
    assert compiled.plan.arena_bytes == 244
    assert compiled.plan.state_bytes + compiled.plan.tensor_bytes == 244
    smallest = compile_tflite(digits.tflite.read_bytes(), vectors=0, prefer="ram")
    assert smallest.plan.arena_bytes == 168
    assert len(smallest.cvl) <= 1450


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
        rings = [
            Block(life.first, life.last, life.ring_rows * node.row_bytes, pieces=life.pieces)
            for life, node in pairs
        ]
        assert planned.tensor_bytes <= lower_bound(rings)


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


def test_rows_have_places_of_their_own_where_that_is_smaller():
    chain = Chain((16, 16, 3)).conv(8, (3, 3), (2, 2), "SAME").conv(8, (3, 3), (1, 1), "SAME")
    chain = chain.conv(16, (3, 3), (2, 2), "SAME").conv(16, (3, 3), (1, 1), "SAME").max_pool().dense(5)
    program = program_of(chain)
    planned = plan(program)
    events = simulate(program, planned.goals)
    assert planned.places and planned.arena_bytes < plan_rings(program, events, planned.goals).arena_bytes
    assert_exact(chain.build(), (16, 16, 3), seed=1)
    index, places = next(iter(planned.places.items()))
    moved = replace(planned, places=planned.places | {index: [places[0]] * len(places)})
    with pytest.raises(ConvletError, match=f"of node {index} was overwritten before it was read"):
        prove(program, events, moved)


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


@pytest.mark.parametrize("place", ["max_pool", "average_pool"])
def test_sums_that_are_overwritten_are_noticed(place):
    """The sums of the pool, in its row or its scratch, where the convolution's rows are made."""
    program = program_of(getattr(Chain((8, 8, 1)).conv(2, (1, 1)), place)())
    program = replace(program, nodes=[*program.nodes[:2], program.nodes[2].accumulating()])
    planned = plan(program)
    events = simulate(program, planned.goals)
    prove(program, events, planned)
    changes = {"ring_rows": list(planned.ring_rows), "offsets": list(planned.offsets), "places": {}}
    changes["offsets"] = [planned.state_bytes + 200 * index for index in range(3)]
    changes["ring_rows"] = [node.shape[0] for node in program.nodes]
    good = replace(planned, arena_bytes=2000, scratches=[0, 0, 1000 * (place != "max_pool")], **changes)
    prove(program, events, good)
    if place == "max_pool":
        changes["offsets"][2] = changes["offsets"][1] + 16
        bad = replace(good, offsets=changes["offsets"])
    else:
        bad = replace(good, scratches=[0, 0, changes["offsets"][1] + 16])
    with pytest.raises(ConvletError, match="was overwritten before it was read"):
        prove(program, events, bad)


def reading_first(scratch_bytes):
    """A program of one node that has all that it reads in its scratch before it writes, and a plan of it."""
    program = program_of(Chain((4, 1, 4)).max_pool((1, 1), (1, 1)))
    node = replace(program.nodes[1], reads_first=True, scratch_bytes=scratch_bytes)
    program = replace(program, nodes=[program.nodes[0], node])
    planned = plan(program)
    return program, simulate(program, planned.goals), planned


def test_what_reads_first_may_write_over_what_it_has_read():
    program, events, planned = reading_first(8)
    good = replace(planned, places={}, ring_rows=[1, 4], offsets=[16, 16], scratches=[0, 40], arena_bytes=100)
    # The last row lies over the row that it is made from, and no earlier one does.
    last = replace(good, offsets=[28, 16])
    with pytest.raises(ConvletError, match="was overwritten before it was read"):
        prove(program, events, good)
    prove(program, events, last)
    plain = replace(program, nodes=[program.nodes[0], replace(program.nodes[1], reads_first=False)])
    with pytest.raises(ConvletError, match="row 3 of node 0 was overwritten"):
        prove(plain, events, last)


@pytest.mark.parametrize("offset", [37, 40, 44])
def test_what_reads_first_never_writes_over_its_scratch(offset):
    program, events, planned = reading_first(8)
    good = replace(planned, places={}, ring_rows=[1, 4], offsets=[80, 16], scratches=[0, 40], arena_bytes=100)
    prove(program, events, good)
    with pytest.raises(ConvletError, match="was overwritten before it was read"):
        prove(program, events, replace(good, offsets=[80, offset - 12]))
    with pytest.raises(ConvletError, match="row 0 of node 0 was overwritten"):
        prove(program, events, replace(good, offsets=[offset, 16]))


def test_a_copy_of_weights_that_is_overwritten_is_noticed():
    program = with_copies(choose_variants(program_of(Chain((6, 6, 4)).conv(4, (1, 1))), "speed"), 1000)
    planned = plan(program)
    events = simulate(program, planned.goals)
    prove(program, events, planned)
    for place in (*planned.offsets, planned.scratches[1]):
        with pytest.raises(ConvletError, match=r"the copied weights of node 1 was overwritten|row . of node"):
            prove(program, events, replace(planned, copies=[0, place], arena_bytes=10000))
