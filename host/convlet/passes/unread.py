"""Operators whose output nobody reads go."""

from __future__ import annotations

from convlet.graph import Graph


def drop_unread(graph: Graph) -> list[str]:
    """Remove operators whose output nobody reads."""
    done = []
    for operator in reversed(graph.operators.copy()):
        if operator.output not in graph.outputs and not graph.readers(operator.output):
            graph.operators.remove(operator)
            done.append(str(operator))
    return done[::-1]
