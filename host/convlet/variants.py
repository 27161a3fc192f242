"""Chooses among the ways in which a program can do the same: what accumulates, and which input is pulled first."""

from __future__ import annotations

from dataclasses import replace

from convlet.cuts import best_goals, segment_peak
from convlet.node import Node
from convlet.program import Program

_ROUNDS = 2


def choose_variants(program: Program) -> Program:
    """The program with the variants of its nodes that need the least RAM, found one node at a time."""
    search = _Search(program)
    choices = tuple(_variants(node)[-1] for node in program.nodes)
    best = search.peak(choices)
    for _ in range(_ROUNDS):
        before = best
        for index, node in enumerate(program.nodes):
            for variant in _variants(node):
                trial = (*choices[:index], variant, *choices[index + 1 :])
                peak = search.peak(trial)
                if peak < best:
                    best, choices = peak, trial
        if best == before:
            break
    return replace(program, nodes=list(choices))


def _variants(node: Node) -> list[Node]:
    """The node as it is and its alternatives, the most promising last."""
    variants = [node]
    if node.accumulator_bytes is not None and not node.accumulates:
        variants.append(node.accumulating())
    if len(node.sources) > 1:
        variants += [replace(variant, b_first=True) for variant in variants]
    return variants


class _Search:
    """Peaks of programs that differ in a few nodes: those of segments are computed once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.peaks: dict[tuple[object, ...], int] = {}

    def peak(self, nodes: tuple[Node, ...]) -> int:
        program = replace(self.program, nodes=list(nodes))

        def peak_of(begin: int, end: int) -> int:
            inside = [(node.accumulates, node.b_first) for node in nodes[begin:end]]
            # A reader behind the segment matters too: it may need a tensor of the segment in one piece.
            behind = [node.accumulates for node in nodes[end:] if min(node.sources, default=end) < end]
            key = (begin, end, *inside, *behind)
            if key not in self.peaks:
                self.peaks[key] = segment_peak(program, begin, end)
            return self.peaks[key]

        return best_goals(program, peak_of)[0]
