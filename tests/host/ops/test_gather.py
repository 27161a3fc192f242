import numpy as np
import pytest
from convlet.format import FILL, RUN
from convlet.ops.gather import gather_of, keeps_order, runs_of
from hypothesis import given, settings
from hypothesis import strategies as st


def listed(runs):
    """The offsets that RUN records stand for."""
    offsets = []
    for run in map(RUN.unpack, runs):
        for i in range(run["outer"] * run["inner"]):
            step = i // run["inner"] * run["outer_step"] + i % run["inner"] * run["inner_step"]
            offsets.append(FILL if run["offset"] == FILL else run["offset"] + step)
    return offsets


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.lists(st.one_of(st.integers(0, 5), st.integers(0, 2**30), st.just(FILL)), min_size=1, max_size=40))
def test_runs_list_what_they_were_made_of(offsets):
    assert listed(runs_of(np.array(offsets, np.int64))) == offsets


@pytest.mark.parametrize(
    ("offsets", "count"),
    [
        (range(5), 1),
        (range(9, -1, -3), 1),
        ([0, 0, 3, 3, 6, 6], 1),  # repeated
        ([0, 1, 2, 0, 1, 2], 1),  # tiled
        ([0, 4, 8, 1, 5, 9], 1),  # shuffled
        ([2, 1, 0, 1, 2, 3, 2, 1], 3),  # mirrored
        ([FILL, FILL, 0, 1, 2, FILL], 3),  # padded
        (range(200000), 2),
    ],
)
def test_runs_are_few(offsets, count):
    runs = runs_of(np.array(offsets, np.int64))
    assert len(runs) == count and listed(runs) == list(offsets)


def test_the_three_axes_of_a_gather():
    """A transposition of 2 x 3 x 4 values: a step of 1 on one axis, of 4 and of 12 on the others."""
    gather = gather_of(np.arange(24).reshape(2, 3, 4).transpose(2, 0, 1))
    assert gather.rows.tolist() == [0, 1, 2, 3] and gather.columns.tolist() == [0, 12]
    assert gather.channels.tolist() == [0, 4, 8]
    assert not gather.reads_single_rows((2, 3, 4))


def test_fill_values_make_a_gather_where_whole_rows_columns_or_channels_are_filled():
    index = np.pad(np.arange(24).reshape(2, 3, 4), ((1, 0), (0, 2), (1, 1)), constant_values=-1)
    gather = gather_of(index)
    assert gather.rows.tolist() == [FILL, 0, 12] and gather.columns.tolist() == [0, 4, 8, FILL, FILL]
    assert gather.channels.tolist() == [FILL, 0, 1, 2, 3, FILL] and gather.reads_single_rows((2, 3, 4))
    index[1, 1, 1] = -1
    assert gather_of(index) is None


def test_axes_that_depend_on_each_other_make_no_gather():
    assert gather_of(np.array([[[0, 1]], [[3, 2]]])) is None
    assert gather_of(np.full((1, 2, 3), -1)) is None


def test_order():
    assert keeps_order(np.arange(6).reshape(1, 2, 3)) and not keeps_order(np.array([0, 2, 1]))
