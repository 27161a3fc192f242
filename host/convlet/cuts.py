"""Where to cut a program into segments that run one after the other, with the rows between them kept whole.

Early layers are wide and short-lived: they keep few rows. Late ones are small: there it may be better to finish a
tensor before the next begins. Which is better where is found by dynamic programming over the cuts: the arena is as
large as its largest segment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from convlet.limits import MOST_EFFORT
from convlet.packing import lower_bound
from convlet.program import Program
from convlet.schedule import Event, Run
from convlet.storage import storage_of

_LONGEST_SEGMENT = 40
_LOOKED_AT = 10  # nodes that are looked at in the time of making a row


def best_goals(program: Program, peak_of: Callable[[int, int], int]) -> tuple[int, list[int]]:
    """The smallest peak in bytes, and the goals that reach it. `peak_of(begin, end)` is that of a segment."""
    count, longest = len(program.nodes), _longest_segment(program)
    best = {program.input_count: 0}
    previous: dict[int, int] = {}
    for end in range(program.input_count + 1, count + 1):
        near = range(max(program.input_count, end - longest), end)
        # Whatever the effort, the program is also looked at in one piece.
        for begin in near if end < count else sorted({program.input_count, *near}):
            bound = best.get(begin)
            if bound is None or (end in best and bound >= best[end]):
                continue
            peak = max(bound, peak_of(begin, end))
            if end not in best or peak < best[end]:
                best[end], previous[end] = peak, begin
    cuts = [count]
    while cuts[0] > program.input_count:
        cuts.insert(0, previous[cuts[0]])
    return best[count], goals_between(program, cuts)


def goals_between(program: Program, cuts: Sequence[int]) -> list[int]:
    """The goals of the segments between the cuts. Inputs are none: they come as they are read."""
    goals = (goal for begin, end in pairwise(cuts) for goal in segment_goals(program, begin, end))
    return [goal for goal in goals if goal >= program.input_count]


def _longest_segment(program: Program) -> int:
    """How many nodes a segment may have, so that looking at all of them does not take minutes."""
    count, work = len(program.nodes), sum(program.efforts)

    def effort_up_to(length: int) -> float:
        return length * (work * length / 2 + count * count / _LOOKED_AT)

    return max(
        (n for n in range(1, _LONGEST_SEGMENT) if effort_up_to(min(n, count)) <= MOST_EFFORT), default=1
    )


def segment_effort(program: Program, begin: int, end: int) -> int:
    """What `segment_peak` costs, counted as rows that are made or read."""
    return sum(program.efforts[begin:end]) + len(program.nodes) // _LOOKED_AT


def segment_goals(program: Program, begin: int, end: int) -> list[int]:
    """The nodes begin to end - 1, and the inputs with the first of them, whose tensors are needed afterwards."""
    return [index for index in range(_first(program, begin), end) if _is_needed_after(program, index, end)]


def segment_events(program: Program, begin: int, end: int) -> list[Event]:
    """What is done while nodes begin to end - 1 run, where all before them have been done."""
    run = Run(program)
    for index in range(_first(program, begin)):
        run.next_row[index] = program.nodes[index].shape[0]
    goals = segment_goals(program, begin, end)
    return [event for goal in goals for event in run.pull(goal, program.nodes[goal].shape[0])]


def segment_peak(program: Program, begin: int, end: int) -> int:
    """Bytes in use together, at most, while nodes begin to end - 1 run, with what others made and is needed still."""
    first = _first(program, begin)
    events = segment_events(program, begin, end)
    read = {source for node in program.nodes[first:end] for source in node.sources}
    kept = [index for index in range(end) if _is_needed_after(program, index, end)]
    untouched = {index for index in kept if index < first and index not in read}
    present = [index for index in range(first) if index in read]
    storage = storage_of(
        program, events, present, [i for i in kept if i not in untouched], program.whole_nodes
    )
    sizes = (program.nodes[index].shape[0] * program.nodes[index].row_bytes for index in untouched)
    return lower_bound(storage.blocks) + sum(sizes)


def _first(program: Program, begin: int) -> int:
    return 0 if begin == program.input_count else begin


def _is_needed_after(program: Program, index: int, end: int) -> bool:
    return program.last_readers[index] >= end
