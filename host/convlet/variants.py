"""Chooses among the ways in which a program can do the same: what accumulates, and which input is pulled first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from convlet.cuts import best_goals, segment_effort, segment_peak
from convlet.format import STATE
from convlet.limits import MOST_EFFORT
from convlet.node import Node
from convlet.program import Program

Nodes = tuple[Node, ...]
PREFERENCES = ("balance", "ram", "speed", "flash")
_ROUNDS = 2
BALANCE = 1.5  # times the smallest arena: what speed may cost


def choose_variants(program: Program, prefer: str = "balance") -> Program:
    """The program with variants of its nodes chosen for `prefer`, one of PREFERENCES or "plain".

    "ram": those that need the least, found one node at a time. "speed": nothing accumulates that need not, and all have
    their faster forms. "balance": as fast as 1.5 times the smallest arena allows. "flash": the same without forms whose
    weights take two bytes instead of one. "plain": nothing accumulates that
    need not, and nothing has a faster form.
    """
    search = _Search(program)
    if prefer in ("speed", "plain"):
        nodes = [node.faster[0] if node.faster and prefer == "speed" else node for node in program.nodes]
        return replace(program, nodes=list(search.improve(tuple(nodes), accumulating=False)[1]))
    smallest, choices = search.improve(
        tuple(_variants(node)[-1] for node in program.nodes), accumulating=True
    )
    chosen = replace(program, nodes=list(choices))
    if prefer == "ram":
        return chosen
    states = STATE.size * len(choices)
    return hasten(program, chosen, BALANCE * (smallest + states) - states, prefer)


def hasten(program: Program, chosen: Program, most: float, prefer: str = "balance") -> Program:
    """`chosen`, which has variants of the nodes of `program`, with the fastest forms that a peak of `most` bytes of
    tensors and scratch allows, those with the most work first; `prefer`: "balance" or "flash".
    """
    forms = [forms_for(node, prefer) for node in program.nodes]
    by_work = sorted(range(len(forms)), key=lambda index: -forms[index][0].macs)
    nodes = _Search(program).hasten(tuple(chosen.nodes), by_work, forms, most)
    return replace(program, nodes=list(nodes))


def forms_for(node: Node, prefer: str) -> Nodes:
    """The forms of a node that do the same, the fastest first and the node itself last. For "flash" none has weights of
    two bytes each, for "balance" none where another is faster than the node, too.
    """
    narrow = tuple(form for form in node.faster if not _is_wider(form, node))
    if prefer == "speed" or (prefer == "balance" and not narrow):
        return (*node.faster, node)
    return (*narrow, node)


def _is_wider(form: Node, node: Node) -> bool:
    """Whether the weights of the faster form take two bytes each, and not one and some to fill up."""
    return 2 * len(form.weights) > 3 * len(node.weights)


def _with(nodes: Nodes, index: int, node: Node) -> Nodes:
    return (*nodes[:index], node, *nodes[index + 1 :])


def _variants(node: Node, accumulating: bool = True) -> list[Node]:
    """The node as it is and its alternatives, the most promising last."""
    variants = [node]
    if accumulating and node.accumulator_bytes is not None and not node.accumulates:
        variants.append(node.accumulating())
    if len(node.sources) > 1:
        variants += [replace(variant, b_first=True) for variant in variants]
    return variants


class _Search:
    """Peaks of programs that differ in a few nodes: those of segments are computed once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.peaks: dict[tuple[object, ...], int] = {}
        self.effort = 0

    @property
    def is_over(self) -> bool:
        """Whether so much has been tried that it is time to take the best so far."""
        return self.effort > MOST_EFFORT

    def improve(self, nodes: Nodes, accumulating: bool) -> tuple[int, Nodes]:
        """The smallest peak that is found by changing one node after the other, and the nodes that have it."""
        best = self.peak(nodes)
        forms = nodes if not accumulating else tuple(self.program.nodes)
        for _ in range(_ROUNDS):
            before = best
            for index, node in enumerate(forms):
                for variant in _variants(node, accumulating):
                    if self.is_over:
                        return best, nodes
                    trial = _with(nodes, index, variant)
                    peak = self.peak(trial)
                    if peak < best:
                        best, nodes = peak, trial
            if best == before:
                break
        return best, nodes

    def hasten(self, nodes: Nodes, indices: Sequence[int], forms: Sequence[Nodes], most: float) -> Nodes:
        """`nodes` with those at `indices` in the fastest of their forms that a peak of `most` allows, the first of them
        before the others. All are tried at once, then the halves: mostly all fit.
        """
        for rank in range(max(len(forms[index]) for index in indices) if len(indices) == 1 else 1):
            if self.is_over:
                return nodes
            trial = nodes
            for index in indices:
                form = forms[index][rank]
                trial = _with(trial, index, replace(form, b_first=nodes[index].b_first))
            if self.peak(trial) <= most:
                return trial
        half = len(indices) // 2
        if half:
            for part in (indices[:half], indices[half:]):
                nodes = self.hasten(nodes, part, forms, most)
        return nodes

    def peak(self, nodes: Nodes) -> int:
        program = replace(self.program, nodes=list(nodes))

        def peak_of(begin: int, end: int) -> int:
            inside = [(node.accumulates, node.b_first, node.scratch_bytes) for node in nodes[begin:end]]
            # A reader behind the segment matters too: it may need a tensor of the segment in one piece.
            behind = [node.accumulates for node in nodes[end:] if min(node.sources, default=end) < end]
            key = (begin, end, *inside, *behind)
            self.effort += 1
            if key not in self.peaks:
                self.effort += segment_effort(program, begin, end)
                self.peaks[key] = segment_peak(program, begin, end)
            return self.peaks[key]

        return best_goals(program, peak_of)[0]
