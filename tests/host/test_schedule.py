from dataclasses import replace

from chain import Chain, digits_chain, program_of
from convlet.schedule import lifetimes, simulate


def test_rows_are_made_when_they_are_needed():
    """4 rows; a 3-row window makes 2 of them, a 2-row pool 1 of those."""
    program = program_of(Chain((4, 3, 1)).conv(1, (3, 3)).max_pool((2, 1), (2, 1)))
    events = simulate(program, [2])
    order = [(0, 0), (0, 1), (0, 2), (1, 0), (0, 3), (1, 1), (2, 0)]
    assert [(event.node, event.row) for event in events] == order
    reads = [[(0, 0), (0, 1), (0, 2)], [(0, 1), (0, 2), (0, 3)], [(1, 0), (1, 1)]]
    assert [event.reads for event in events if event.node] == reads
    assert all(event.made for event in events)


def test_lifetimes():
    program = program_of(Chain((4, 3, 1)).conv(1, (3, 3)).max_pool((2, 1), (2, 1)))
    source, conv, pool = lifetimes(program, simulate(program, [2]))
    assert (source.first, source.last, source.ring_rows) == (0, 5, 3)
    assert (conv.first, conv.last, conv.ring_rows) == (3, 6, 2)
    assert (pool.first, pool.last, pool.ring_rows) == (6, 7, 1)  # the output lives on behind the last event


def test_a_row_that_accumulates_lives_from_its_first_step_on():
    program = program_of(Chain((4, 2, 1)).max_pool())
    nodes = [program.nodes[0], program.nodes[1].accumulating()]
    program = replace(program, nodes=nodes)
    events = simulate(program, [1])
    assert [(event.node, event.row, event.made, event.writes) for event in events] == [
        (0, 0, True, True), (1, 0, False, True), (0, 1, True, True), (1, 0, True, True),
        (0, 2, True, True), (1, 1, False, True), (0, 3, True, True), (1, 1, True, True),
    ]  # fmt: skip
    source, pool = lifetimes(program, events)
    assert (source.first, source.last, source.ring_rows) == (0, 7, 1)
    assert (pool.first, pool.last, pool.ring_rows) == (1, 8, 2)


def test_sums_in_a_scratch_leave_the_row_alone():
    program = program_of(Chain((4, 2, 1)).average_pool())
    program = replace(program, nodes=[program.nodes[0], program.nodes[1].accumulating()])
    events = simulate(program, [1])
    assert [event.writes for event in events if event.node] == [False, True, False, True]
    assert lifetimes(program, events)[1].first == 3


def test_the_digits_keep_few_rows():
    program = program_of(digits_chain())
    lives = lifetimes(program, simulate(program, [3]))
    assert [life.ring_rows for life in lives] == [3, 2, 3, 1]


def test_rows_that_nobody_reads_are_not_made():
    """A stride of 3 over 8 rows with a 1-row window reads rows 0, 3 and 6."""
    program = program_of(Chain((8, 1, 1)).max_pool((1, 1), (3, 1)))
    events = simulate(program, [1])
    assert [event.row for event in events if event.node == 0] == list(range(7))


def test_a_goal_may_stand_on_another():
    program = program_of(digits_chain())
    first = [event for event in simulate(program, [2, 3]) if event.node == 2]
    assert [event.row for event in first] == [0, 1, 2]
    assert simulate(program, [3, 2]) == simulate(program, [3])


def test_what_is_read_first_is_free_in_the_middle_of_the_event():
    program = program_of(Chain((4, 3, 1)).conv(1, (3, 3)).max_pool((2, 1), (2, 1)))
    nodes = [replace(node, reads_first=index == 1) for index, node in enumerate(program.nodes)]
    source, conv, _ = lifetimes(program := replace(program, nodes=nodes), simulate(program, [2]))
    assert (source.first, source.last) == (0, 4.5)  # and not 5, when the last row of the convolution is made
    assert (conv.first, conv.last) == (3, 6)
