import pytest
from chain import Chain, program_of
from convlet.errors import ModelError
from convlet.format import KERNEL_ALL


def node_of(chain):
    return program_of(chain).nodes[1]


@pytest.mark.parametrize(
    ("height", "kernel", "stride", "padding", "can"),
    [
        (8, 2, 2, "VALID", True),
        (9, 2, 2, "SAME", True),
        (8, 3, 2, "VALID", False),
        (8, 2, 3, "VALID", False),
        (8, 8, 1, "VALID", True),
        (8, 5, 4, "VALID", True),
    ],
)
def test_pools_whose_rows_lie_side_by_side_can_accumulate(height, kernel, stride, padding, can):
    window = ((kernel, 2), (stride, 2), padding)
    largest = node_of(Chain((height, 6, 5)).max_pool(*window))
    average = node_of(Chain((height, 6, 5)).average_pool(*window))
    assert largest.accumulator_bytes == (0 if can else None)
    assert average.accumulator_bytes == (4 * 3 * 5 if can else None)
    assert not largest.accumulates and not average.accumulates


def test_what_accumulates_without_a_scratch_does_so_in_its_row():
    largest = node_of(Chain((8, 6, 5)).max_pool())
    average = node_of(Chain((8, 6, 5)).average_pool())
    assert not largest.keeps_sums_in_row and largest.accumulating().keeps_sums_in_row
    assert not average.accumulating().keeps_sums_in_row
    assert average.accumulating().scratch_bytes == 60


def test_more_rows_than_the_engine_points_to_must_accumulate():
    assert node_of(Chain((129, 4, 1)).max_pool((129, 2))).window.kernel_h == KERNEL_ALL
    assert node_of(Chain((129, 4, 1)).max_pool((129, 2))).accumulates
    assert node_of(Chain((300, 4, 1)).average_pool((300, 2))).accumulates
    assert node_of(Chain((280, 4, 1)).average_pool((140, 2), (140, 2))).accumulates
    with pytest.raises(ModelError, match="140 rows of a kernel, the engine takes at most 128"):
        node_of(Chain((280, 4, 1)).average_pool((140, 2), (2, 2)))
