from dataclasses import replace

import numpy as np
import pytest
from chain import Chain, digits_chain, moved_chain, padded_chain, program_of, reductions_chain, windows_chain
from convlet.compile import compile_tflite
from convlet.layout import Span, layout_of
from convlet.plan import plan, plan_rings
from convlet.schedule import simulate

CHAINS = [digits_chain, padded_chain, windows_chain, reductions_chain, moved_chain]


def layout(chain, prefer="ram"):
    compiled = compile_tflite(chain.build(), vectors=0, prefer=prefer)
    return layout_of(compiled.program, compiled.plan)


@pytest.mark.parametrize("prefer", ["ram", "speed"])
@pytest.mark.parametrize("chain", CHAINS)
def test_no_byte_is_used_twice_at_the_same_time(chain, prefer):
    found = layout(chain(), prefer)
    used = np.zeros((found.plan.arena_bytes, len(found.used)), np.int8)
    for span in (*found.rows, *found.scratches):
        used[span.offset : span.offset + span.size, span.first : span.last + 1] += 1
    assert used.max() == 1 and not used[: found.plan.state_bytes].any()
    assert used.sum(axis=0).tolist() == found.used.tolist()
    assert found.peak_bytes + found.plan.state_bytes <= found.plan.arena_bytes


def test_rows_of_a_ring_take_turns():
    """8 rows of the input, of which 3 are needed at a time, and 6 of the convolution, of which 2 are."""
    program = program_of(digits_chain())
    goals = plan(program).goals
    rings = plan_rings(program, simulate(program, goals), goals)
    found = layout_of(program, rings)
    own = [span for span in found.rows if span.node == 0]
    assert [span.offset for span in own] == [rings.offsets[0] + 8 * (row % 3) for row in range(8)]
    assert [(span.first, span.last) for span in own[:4]] == [(0, 3), (1, 5), (2, 8), (4, 10)]
    assert [s for s in found.rings if s.node == 0] == [Span(0, rings.offsets[0], 24, 0, own[-1].last)]
    assert (found.rows_kept(0), found.rows_kept(1)) == (3, 2)
    assert (found.bytes_used(0), found.bytes_used(1)) == (24, 2 * 6 * 8)


def test_a_stream_shows_some_steps_that_all_keep_the_same():
    """A causal convolution over 3 steps, then one over 2: rows of 3 and 4 bytes."""
    chain = Chain((1, 20, 3)).pad(width=(2, 0)).conv(4, (1, 3)).conv(5, (1, 2))
    compiled = compile_tflite(chain.build(), stream=True)
    found = layout_of(compiled.program, compiled.plan)
    nodes = [event.node for event in found.events]
    assert nodes == [0, 1, 2] * (len(nodes) // 3) and len(nodes) >= 9
    assert [found.rows_kept(node) for node in range(3)] == [3, 2, 1]
    assert [ring.size for ring in found.rings] == [9, 8, 5]
    assert all(ring.first == 0 and ring.last == len(nodes) for ring in found.rings)
    assert len(np.unique(found.used[:-1].reshape(-1, 3), axis=0)) == 1


def test_an_input_that_the_caller_keeps_has_no_rows():
    compiled = compile_tflite(digits_chain().build(), int8_input=True)
    found = layout_of(compiled.program, compiled.plan)
    assert found.of_node(0) == [] and (found.rows_kept(0), found.bytes_used(0)) == (0, 0)
    assert found.events[0].node == 0


def test_the_peak():
    found = layout(digits_chain())
    assert found.used[: found.peak_time].max() < found.used[found.peak_time] == found.peak_bytes
    assert found.peak_node == found.events[found.peak_time].node


def test_scratch_is_in_use_from_the_first_step_of_what_accumulates_to_its_last():
    found = layout(digits_chain())
    work = [time for time, event in enumerate(found.events) if event.node == 3]
    assert found.scratches == [Span(3, found.plan.scratches[3], 40, work[0], work[-1])]


def test_other_scratch_is_in_use_while_its_node_works():
    program = program_of(digits_chain())
    nodes = [replace(node, scratch_bytes=12 * (index == 1)) for index, node in enumerate(program.nodes)]
    found = layout_of(replace(program, nodes=nodes), plan(replace(program, nodes=nodes)))
    work = [time for time, event in enumerate(found.events) if event.node == 1]
    assert [(span.first, span.last) for span in found.scratches] == [(time, time) for time in work]


def test_outputs_are_in_use_behind_the_last_event():
    found = layout(digits_chain())
    assert [span.node for span in found.rows if span.last == len(found.events)] == [3]
    assert found.used[-1] == 10


def test_a_row_made_in_place_follows_the_one_that_it_replaces():
    """Rows of their own places: those of the function lie where the convolution's lay."""
    chain = Chain((16, 16, 3)).conv(8, (3, 3), (2, 2), "SAME").function("TANH", 1 / 128, 0)
    chain = chain.conv(16, (3, 3), (2, 2), "SAME").conv(16, (3, 3), (1, 1), "SAME").max_pool().dense(5)
    program = program_of(chain)
    planned = plan(program)
    assert program.nodes[2].kind == "LOOKUP" and {1, 2} <= planned.places.keys()
    found = layout_of(program, planned)
    firsts = {(span.offset, span.first) for span in found.rows if span.node == 2}
    assert {(span.offset, span.last + 1) for span in found.rows if span.node == 1} == firsts
