"""Programs and plans of streams: how long a period is, and rings that outlive the rows of the input."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from convlet.errors import ModelError
from convlet.format import MAX_PERIOD, STATE, WIDE_SHORT, WIDE_SINGLE
from convlet.graph import Graph
from convlet.node import Node
from convlet.packing import Block, pack
from convlet.plan import Plan, prove
from convlet.program import Program, lower
from convlet.schedule import Event, ring_rows, simulate
from convlet.storage import SCRATCH_ALIGNMENT, row_times
from convlet.stream import streamed
from convlet.variants import BALANCE, forms_for

SIMULATED_PERIODS = 3  # the engine forgets one when two have passed, and a third follows


def stream_program(graph: Graph) -> tuple[Graph, Program]:
    """The graph for some periods in time, and its program, in which joins pull first what makes the arena smaller.

    Raises ModelError for what cannot be had step by step.
    """
    height, width, _ = graph.inputs[0].rows
    steps = height if height > 1 else width
    rates = _rates(lower(streamed(graph, steps)))
    hop = math.lcm(*(rate.denominator for rate in rates))
    period = -(-steps // hop) * hop
    while period <= MAX_PERIOD:
        timed = streamed(graph, SIMULATED_PERIODS * period)
        program = replace(lower(timed), period=tuple(int(rate * period) for rate in rates))
        if _forgets_soundly(program):
            return timed, _with_best_order(program)
        period = -(-(3 * period // 2) // hop) * hop
    raise ModelError(
        f"the model remembers more than {MAX_PERIOD // 2} steps in time, which a stream cannot count"
    )


def _rates(program: Program) -> list[Fraction]:
    """How many rows each node makes of one of the input."""
    rates: list[Fraction] = []
    for node in program.nodes:
        rates.append(rates[node.sources[0]] / node.window.stride_h if node.sources else Fraction(1))
    return rates


def events_until(program: Program, rows: int) -> list[Event]:
    """What happens before the input's row `rows` is asked for, which is when the engine waits for it."""
    events = simulate(program, program.outputs)
    stop = next(time for time, event in enumerate(events) if event.node == 0 and event.row == rows)
    return events[:stop]


def _forgets_soundly(program: Program) -> bool:
    """Whether, after two periods, no node reads what the first had: then it can count as if that had never been."""
    made = [0] * len(program.nodes)
    for event in events_until(program, 2 * program.period[0]):
        made[event.node] = event.row + 1
    return all(
        made[index] * node.window.stride_h - node.window.pad_top >= program.period[source]
        for index, node in enumerate(program.nodes)
        for source in node.sources
    )


def _with_best_order(program: Program) -> Program:
    best = plan_stream(program).arena_bytes
    for index, node in enumerate(program.nodes):
        if len(node.sources) > 1:
            trial = replace(program, nodes=[*program.nodes])
            trial.nodes[index] = replace(node, b_first=True)
            arena_bytes = plan_stream(trial).arena_bytes
            if arena_bytes < best:
                best, program = arena_bytes, trial
    return program


def hastened_stream(program: Program, prefer: str) -> Program:
    """The program with the fastest forms of its nodes, those with the most work first, that `prefer` allows, one of
    variants.PREFERENCES.
    """
    if prefer == "ram":
        return program
    most = math.inf if prefer == "speed" else BALANCE * plan_stream(program).arena_bytes
    nodes = program.nodes
    for index in sorted(range(len(nodes)), key=lambda index: -nodes[index].macs):
        for form in forms_for(nodes[index], prefer)[:-1]:
            trial = replace(program, nodes=[*program.nodes])
            trial.nodes[index] = form
            if _can_stream(form) and plan_stream(trial).arena_bytes <= most:
                program = trial
                break
    return program


def _can_stream(form: Node) -> bool:
    """Whether its kernel can work on rows without end, and is faster on all processors though it makes few pixels."""
    return form.kind == "CONV_2D_WIDE" and form.parameter & (WIDE_SHORT | WIDE_SINGLE) != 0


def plan_stream(program: Program) -> Plan:
    """The rings of a stream, proved over all rows of its nodes.

    What is used up before the next row of the input comes shares its bytes with other such rows.
    """
    events = simulate(program, program.outputs)
    begins = [time for time, event in enumerate(events) if event.node == 0]
    begins[0] = 0  # some rows need nothing of the input
    arrivals = [
        bisect_right(begins, time) - 1 for time in range(len(events))
    ]  # the row of the input that is the last
    since = [time - begins[arrival] for time, arrival in enumerate(arrivals)]
    births, ends = row_times(program, events, (), ())
    deaths = {row: math.ceil(end) for row, end in ends.items()}
    blocks, rings = [], []
    for index, node in enumerate(program.nodes):
        rows = [row for row in range(node.shape[0]) if (index, row) in births]
        born, died = [births[index, row] for row in rows], [deaths[index, row] for row in rows]
        is_output = index in program.outputs
        rings.append(1 if is_output else ring_rows(born, died))
        waits = is_output or any(arrivals[b] < arrivals[d] for b, d in zip(born, died, strict=True))
        first, last = (0, max(since)) if waits else _span([since[time] for time in born + died])
        blocks.append(Block(first, last, rings[-1] * node.row_bytes))
    scratched = [index for index, node in enumerate(program.nodes) if node.scratch_bytes]
    for index in scratched:
        used = _span([since[time] for time, event in enumerate(events) if event.node == index])
        blocks.append(Block(*used, program.nodes[index].scratch_bytes, SCRATCH_ALIGNMENT))
    copied = [index for index, node in enumerate(program.nodes) if node.copied_bytes]
    for index in copied:
        blocks.append(Block(0, max(since), program.nodes[index].copied_bytes, SCRATCH_ALIGNMENT))
    state_bytes = STATE.size * len(program.nodes)
    offsets, end = pack(blocks, state_bytes)
    first_copy = len(offsets) - len(copied)
    scratches = dict(zip(scratched, offsets[len(rings) : first_copy], strict=True))
    copies = dict(zip(copied, offsets[first_copy:], strict=True))
    plan = Plan(
        goals=program.outputs,
        ring_rows=rings,
        offsets=offsets[: len(rings)],
        places={},
        scratches=[scratches.get(index, 0) for index in range(len(rings))],
        copies=[copies.get(index, 0) for index in range(len(rings))],
        arena_bytes=end,
        state_bytes=state_bytes,
    )
    prove(program, events, plan)
    return plan


def _span(times: Sequence[int]) -> tuple[int, int]:
    return min(times, default=0), max(times, default=0)
