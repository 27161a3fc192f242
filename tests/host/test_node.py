from dataclasses import replace

import numpy as np
from chain import Chain, digits_chain, program_of
from convlet.format import FLAG_ACCUMULATES, FLAG_B_FIRST, FLAG_MAPPED, NO_ROW
from convlet.graph import Tensor
from convlet.node import ONE_PIXEL, WHOLE_INPUT, Node, Window


def node_of(window=ONE_PIXEL, **fields):
    return Node("?", Tensor("?", (4, 4, 1), np.ones(1, np.float32), 0), (0, 1), window, **fields)


def test_rows_of_a_padded_window():
    """3 rows of window, stride 2, one row of padding above and below, over 5 rows."""
    node = program_of(Chain((5, 5, 1)).conv(1, (3, 3), (2, 2), "SAME")).nodes[1]
    assert [node.rows_read(row, row, [5]) for row in range(3)] == [[[0, 1]], [[1, 2, 3]], [[3, 4]]]
    assert [node.rows_needed(row, row, [5]) for row in range(3)] == [[2], [4], [5]]


def test_rows_of_the_whole_input():
    node = program_of(digits_chain()).nodes[3]
    assert node.rows_read(0, 0, [3]) == [[0, 1, 2]] and node.rows_needed(0, 0, [3]) == [3]


def test_rows_of_a_map():
    node = node_of(row_map=(1, NO_ROW, 0))
    assert [node.rows_read(row, row, [2])[0] for row in range(3)] == [[1], [], [0]]
    assert [node.rows_needed(row, row, [2])[0] for row in range(3)] == [2, 0, 1]


def test_rows_of_a_second_input():
    """One for each row, the only one for all rows, or one for each row from `parameter` on."""
    assert [node_of().rows_read(row, row, [4, 4])[1] for row in range(3)] == [[0], [1], [2]]
    assert [node_of().rows_needed(row, row, [4, 1])[1] for row in range(3)] == [1, 1, 1]
    joined = node_of(parameter=2)
    assert [joined.rows_read(row, row, [2, 2])[1] for row in range(4)] == [[], [], [0], [1]]
    assert [joined.rows_needed(row, row, [2, 2]) for row in range(4)] == [[1, 0], [2, 0], [2, 1], [2, 2]]


def test_steps_of_an_accumulation():
    """Windows of 2 rows over 5: the last is cut by the edge. The whole input is one window."""
    pool = node_of(Window(2, 2, 2, 2), accumulates=True)
    assert [pool.rows_needed(step // 2, step, [5])[0] for step in range(5)] == [1, 2, 3, 4, 5]
    assert [pool.rows_read(step // 2, step, [5])[0] for step in range(5)] == [[0], [1], [2], [3], [4]]
    assert [pool.finishes(step // 2, step, 5) for step in range(5)] == [False, True, False, True, True]
    whole = node_of(WHOLE_INPUT, accumulates=True)
    assert [whole.finishes(0, step, 3) for step in range(3)] == [False, False, True]


def test_flags():
    assert node_of().flags == 0
    assert node_of(accumulates=True).flags == FLAG_ACCUMULATES
    assert node_of(row_map=(0,), b_first=True).flags == FLAG_MAPPED | FLAG_B_FIRST
    assert replace(node_of(accumulates=True), accumulates=False).flags == 0


def test_rows_of_a_mapped_window():
    """Two rows from the one that the map names on; below the last there is none."""
    node = node_of(Window(2, 2), row_map=(0, 2, NO_ROW, 1))
    assert [node.rows_read(row, row, [3])[0] for row in range(4)] == [[0, 1], [2], [], [1, 2]]
    assert [node.rows_needed(row, row, [3])[0] for row in range(4)] == [2, 3, 0, 3]
