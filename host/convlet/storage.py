"""The blocks of the arena that an inference, or a segment of it, needs: one for each row, tensor or scratch."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from convlet.packing import Block
from convlet.program import Program
from convlet.schedule import Event, end_of_reading, work_times

SCRATCH_ALIGNMENT = 4
Row = tuple[int, int]  # a node and one of its rows


@dataclass(frozen=True)
class Storage:
    """`blocks`, and where in them things lie: `rows` a block and an offset in it for each row, `scratches` a block."""

    blocks: list[Block]
    rows: dict[Row, tuple[int, int]]
    scratches: dict[int, int]


def storage_of(
    program: Program,
    events: Sequence[Event],
    present: Collection[int],
    kept: Collection[int],
    whole: Collection[int],
) -> Storage:
    """The blocks for `events`.

    Args: nodes `present` have all rows before the first event, nodes `kept` need theirs behind the last, nodes
    `whole` lie in one block each. An elementwise node may make its row in the place of the one that it reads last.
    """
    births, deaths = row_times(program, events, present, kept)
    replaced = _replaced_rows(program, events, births, deaths, whole)
    blocks: list[Block] = []
    rows: dict[Row, tuple[int, int]] = {}
    for index, group in itertools.groupby(sorted(births), key=lambda row: row[0]):
        node, own = program.nodes[index], list(group)
        if index in whole:
            every = ((index, row) for row in range(node.shape[0]))
            size = node.shape[0] * node.row_bytes
            pieces = [(births[key], deaths[key]) if key in births else (0, -1) for key in every]
            first, last = min(births[key] for key in own), max(deaths[key] for key in own)
            blocks.append(Block(first, last, size, pieces=tuple(pieces)))
            rows |= {key: (len(blocks) - 1, key[1] * node.row_bytes) for key in own}
            continue
        for key in own:
            if key in replaced:
                number, _ = rows[key] = rows[replaced[key]]
                blocks[number] = replace(blocks[number], last=deaths[key])
            else:
                blocks.append(Block(births[key], deaths[key], node.row_bytes))
                rows[key] = len(blocks) - 1, 0
    scratch_blocks, scratches = scratches_of(program, events)
    scratches = {index: len(blocks) + number for index, number in scratches.items()}
    return Storage(blocks + scratch_blocks, rows, scratches)


def scratches_of(program: Program, events: Sequence[Event]) -> tuple[list[Block], dict[int, int]]:
    """The blocks for scratch, and the number of its block for each node that has some.

    What accumulates keeps its own; the others need theirs only while they make a row.
    """
    work: dict[int, list[tuple[float, float]]] = {}  # spans of events, one behind the other
    for time, event in enumerate(events):
        node = program.nodes[event.node]
        if node.scratch_bytes:
            spans = work.setdefault(event.node, [])
            goes_on = spans and (node.accumulates or spans[-1][1] == time - 1)
            begin = spans.pop()[0] if goes_on else end_of_reading(program, time, event)
            spans.append((begin, time))
    blocks = [
        Block(
            spans[0][0],
            spans[-1][1],
            program.nodes[index].scratch_bytes,
            SCRATCH_ALIGNMENT,
            times=tuple(spans),
        )
        for index, spans in work.items()
    ]
    return blocks, {index: number for number, index in enumerate(work)}


def copies_of(program: Program, events: Sequence[Event]) -> dict[int, Block]:
    """The block for each node that copies its constants: from before it reads for its first row until its last one."""
    blocks = {}
    for index, (first, last) in work_times(events).items():
        size = program.nodes[index].copied_bytes
        if size:
            begin = end_of_reading(program, first, events[first])
            blocks[index] = Block(begin, last, size, SCRATCH_ALIGNMENT)
    return blocks


def row_times(
    program: Program, events: Sequence[Event], present: Collection[int], kept: Collection[int]
) -> tuple[dict[Row, int], dict[Row, float]]:
    """When each row is first written to and when it is read last. A present row that nobody needs has no times."""
    deaths: dict[Row, float] = {}
    births: dict[Row, int] = {}
    for time, event in enumerate(events):
        if event.writes:
            births.setdefault((event.node, event.row), time)
            deaths[event.node, event.row] = time
        for read in event.reads:
            deaths[read] = end_of_reading(program, time, event)
    for index in kept:
        for row in range(program.nodes[index].shape[0]):
            deaths[index, row] = len(events)
    for index in present:
        for row in range(program.nodes[index].shape[0]):
            if (index, row) in deaths:
                births[index, row] = 0
    return births, deaths


def _replaced_rows(
    program: Program,
    events: Sequence[Event],
    births: dict[Row, int],
    deaths: dict[Row, float],
    whole: Collection[int],
) -> dict[Row, Row]:
    """For each row that can be made in place: the row of its source whose bytes it takes over."""
    replaced: dict[Row, Row] = {}
    for time, event in enumerate(events):
        node = program.nodes[event.node]
        if not node.in_place or not event.made or event.node in whole:
            continue
        for source, row in event.reads:
            same_size = program.nodes[source].row_bytes == node.row_bytes
            if same_size and source not in whole and deaths[source, row] == time and (source, row) in births:
                replaced[event.node, event.row] = source, row
                break
    return replaced
