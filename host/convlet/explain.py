"""What the compiler did to a model, as data; the numbers of operators are those of `convlet inspect model.tflite`."""

from __future__ import annotations

from collections import Counter

from convlet.graph import Change, Graph
from convlet.node import Node
from convlet.program import Program
from convlet.writer import constants_of

FAST_KINDS = ("CONV_2D_WIDE", "DEPTHWISE_3X3", "CONV_2D_MAX_POOL")


def explain(graph: Graph, program: Program) -> list[Change]:
    """What every pass did to the graph, and what was decided for the program; also where that is nothing."""
    merged: dict[str, list[str]] = {}
    for change in graph.changes:
        merged.setdefault(change.title, []).extend(change.details)
    changes = [Change(title, details) for title, details in merged.items()]

    def named(title: str, nodes: list[Node]) -> Change:
        return Change(title, [str(graph.maker(node.tensor)) for node in nodes])

    nodes = program.nodes
    changes += [
        named("zero points folded into biases", [node for node in nodes if node.macs and node.zero_point_in]),
        named("additions simplified, proved for all inputs", [n for n in nodes if n.kind == "WEIGHTED_SUM"]),
        named("kernels with scratch, which are faster", [n for n in nodes if n.kind in FAST_KINDS]),
        named(
            "max pools made with the convolution before", [n for n in nodes if n.kind == "CONV_2D_MAX_POOL"]
        ),
        named("weights copied to the arena", [node for node in nodes if node.copied_bytes]),
        named("inputs taken row by row, not kept", [node for node in nodes if node.accumulates]),
        Change("equal constants stored once", _shared_constants(program)),
    ]
    return changes


def _shared_constants(program: Program) -> list[str]:
    counts = Counter(piece for node in program.nodes for piece in constants_of(node) if piece)
    return [f"{count} times {len(piece)} bytes" for piece, count in counts.items() if count > 1]
