from dataclasses import replace

from chain import Chain, digits_chain, program_of
from convlet.packing import pack
from convlet.schedule import simulate
from convlet.storage import scratches_of, storage_of


def test_outputs_and_what_is_read_in_one_piece_are_whole():
    assert program_of(digits_chain()).whole_nodes == {2, 3}


def test_a_row_has_a_block_from_its_making_to_its_last_reading():
    """4 rows; a 3-row window makes 2 of them: rows 0 to 2, the first output row, row 3, the second."""
    program = program_of(Chain((4, 3, 1)).conv(1, (3, 3)))
    storage = storage_of(program, simulate(program, [1]), (), [1], program.whole_nodes)
    lives = [(block.first, block.last, block.size) for block in storage.blocks]
    assert lives == [(0, 3, 3), (1, 5, 3), (2, 5, 3), (4, 5, 3), (3, 6, 2)]
    assert storage.rows[1, 1] == (4, 1)  # the output is one block


def test_what_others_made_counts_while_it_is_needed():
    program = program_of(Chain((4, 3, 1)).conv(1, (3, 3)).max_pool((1, 1), (1, 1)))
    events = simulate(program, [1, 2])
    last = [event for event in events if event.node == 2]
    storage = storage_of(program, last, [0, 1], [2], program.whole_nodes)
    assert [(block.first, block.last) for block in storage.blocks] == [(0, 0), (0, 1), (0, 2)]


def test_a_row_made_in_place_takes_over_the_bytes():
    program = program_of(Chain((4, 3, 1)).max_pool((1, 1), (1, 1)).max_pool((2, 1), (2, 1)))
    nodes = [replace(node, in_place=index == 1) for index, node in enumerate(program.nodes)]
    program = replace(program, nodes=nodes)
    storage = storage_of(program, simulate(program, [2]), (), [2], program.whole_nodes)
    assert all(storage.rows[0, row] == storage.rows[1, row] for row in range(4))
    assert (storage.blocks[0].first, storage.blocks[0].last) == (0, 4)


def test_a_row_that_is_read_again_is_not_taken_over():
    program = program_of(Chain((4, 3, 1)).max_pool((2, 1), (1, 1)))
    nodes = [replace(node, in_place=True) for node in program.nodes]
    program = replace(program, nodes=nodes, outputs=[1])
    storage = storage_of(program, simulate(program, [1]), (), [1], ())
    # Row 0 of the pool reads rows 0 and 1, and only row 0 for the last time.
    assert storage.rows[1, 0] == storage.rows[0, 0] != storage.rows[0, 1]


def test_scratch_lives_while_its_node_works():
    program = program_of(digits_chain())
    nodes = [replace(node, scratch_bytes=12 * (index == 1)) for index, node in enumerate(program.nodes)]
    program = replace(program, nodes=nodes)
    events = simulate(program, [3])
    storage = storage_of(program, events, (), [3], ())
    block = storage.blocks[storage.scratches[1]]
    work = [time for time, event in enumerate(events) if event.node == 1]
    assert (block.first, block.last, block.size, block.alignment) == (work[0], work[-1], 12, 4)


def test_those_that_work_in_turns_share_their_scratch():
    """Each needs its own only while it makes a row; what accumulates keeps its own from its first row on."""
    program = program_of(digits_chain())
    sizes = {1: 12, 2: 40, 3: 8}
    nodes = [replace(node, scratch_bytes=sizes.get(index, 0)) for index, node in enumerate(program.nodes)]
    nodes[3] = replace(nodes[3], accumulates=True)
    program = replace(program, nodes=nodes)
    events = simulate(program, [3])
    blocks, numbers = scratches_of(program, events)
    assert [blocks[numbers[index]].size for index in (1, 2, 3)] == [12, 40, 8]
    convolution, pool, dense = (blocks[numbers[index]] for index in (1, 2, 3))
    work = [[time for time, event in enumerate(events) if event.node == index] for index in (1, 2, 3)]
    assert convolution.first < pool.first < convolution.last < pool.last  # in turns
    assert sorted(t for span in convolution.times for t in range(span[0], span[1] + 1)) == work[0]
    assert dense.times == ((work[2][0], work[2][-1]),)
    offsets, end = pack(blocks)
    assert offsets[numbers[1]] == offsets[numbers[2]] == 0 and end == 48


def test_what_reads_first_has_its_scratch_while_its_rows_are_read():
    program = program_of(Chain((3, 1, 4)).max_pool((1, 1), (1, 1)))
    node = replace(program.nodes[1], reads_first=True, scratch_bytes=8)
    program = replace(program, nodes=[program.nodes[0], node])
    events = simulate(program, [1])
    storage = storage_of(program, events, (), [1], ())
    source, own = storage.blocks[storage.rows[0, 1][0]], storage.blocks[storage.rows[1, 1][0]]
    scratch = storage.blocks[storage.scratches[1]]
    assert (source.first, source.last) == (2, 2.5) and own.first == 3
    assert scratch.times == ((0.5, 1), (2.5, 3), (4.5, 5))
