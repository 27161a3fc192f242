import itertools

import pytest
from chain import Chain, program_of
from convlet.cuts import best_goals, segment_goals, segment_peak
from convlet.packing import lower_bound
from convlet.passes.wide_operators import split_wide_operators
from convlet.program import lower
from convlet.schedule import simulate
from convlet.storage import storage_of
from convlet.tflite_reader import read_tflite

DEEP = (
    Chain((6, 6, 16))
    .conv(16, (3, 3), (1, 1), "SAME")
    .conv(16, (3, 3), (1, 1), "SAME")
    .conv(16, (3, 3), (1, 1), "SAME")
)
WIDE = Chain((16, 16, 3)).conv(8, (3, 3), (2, 2), "SAME").conv(8, (3, 3), (1, 1), "SAME").max_pool().dense(5)


def peak_of(program):
    return lambda begin, end: segment_peak(program, begin, end)


@pytest.mark.parametrize("chain", [DEEP, WIDE])
def test_the_cuts_are_the_best_of_all(chain):
    program = program_of(chain)
    count, peak = len(program.nodes), peak_of(program)
    peaks = []
    for cuts in itertools.chain.from_iterable(
        itertools.combinations(range(2, count), n) for n in range(count)
    ):
        bounds = [1, *cuts, count]
        peaks.append(max(peak(begin, end) for begin, end in itertools.pairwise(bounds)))
    assert best_goals(program, peak)[0] == min(peaks)


def test_deep_and_narrow_layers_run_one_after_the_other():
    program = program_of(DEEP)
    peak, goals = best_goals(program, peak_of(program))
    assert goals == [1, 2, 3]
    # A row takes the place of one that is used up: two more than one tensor has, for the window.
    assert peak == (6 + 2) * 6 * 16 < segment_peak(program, 1, 4)


def test_the_peak_is_that_of_the_whole_inference():
    for chain in (DEEP, WIDE):
        program = program_of(chain)
        peak, goals = best_goals(program, peak_of(program))
        storage = storage_of(program, simulate(program, goals), (), program.outputs, program.whole_nodes)
        assert lower_bound(storage.blocks) == peak


def test_goals_are_what_is_needed_afterwards():
    program = program_of(DEEP)
    assert segment_goals(program, 1, 3) == [2]
    assert segment_goals(program, 3, 4) == [3]


def test_inputs_are_no_goals():
    """Also where they are needed after the first cut."""
    graph = read_tflite(Chain((6, 6, 16)).conv(16, groups=4).build())
    split_wide_operators(graph, 256)
    program = lower(graph)
    assert 0 in segment_goals(program, 1, 2)
    _, goals = best_goals(program, lambda begin, end: end - begin)
    assert 0 not in goals and len(goals) > 4
