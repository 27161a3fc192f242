"""Reductions get the form that the engine has."""

from __future__ import annotations

from dataclasses import replace

from convlet.graph import Graph, Operator
from convlet.ops import reduction


def keep_reduced_axes(graph: Graph) -> list[str]:
    """Make every reduction keep the axes that it reduces, with a RESHAPE behind it where rows are cut otherwise."""
    done = []
    for operator in graph.operators.copy():
        if operator.kind not in reduction.OPERATORS:
            continue
        operator.options["axes"] = reduction.reduced_axes(operator)
        kept, result = reduction.kept_rows(operator), operator.output
        if kept == result.rows:
            continue
        operator.output = replace(result, name=f"{result.name} (kept)", shape=kept)
        reshape = Operator("RESHAPE", operator.position, [operator.output], result)
        graph.operators.insert(graph.operators.index(operator) + 1, reshape)
        done.append(f"{operator}, with a RESHAPE behind it")
    return done
