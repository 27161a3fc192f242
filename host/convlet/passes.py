"""Rewrites of a graph that make it smaller and leave its outputs as they are. Each changes the graph it is
given.
"""

from __future__ import annotations

from dataclasses import replace

from convlet.graph import Graph, Operator, Tensor
from convlet.ops import reduction


def simplify(graph: Graph) -> None:
    """All passes, in the order in which they help each other."""
    drop_unread(graph)
    keep_reduced_axes(graph)
    elide_reshapes(graph)


def drop_unread(graph: Graph) -> None:
    """Remove operators whose output nobody reads."""
    for operator in reversed(graph.operators.copy()):
        if operator.output not in graph.outputs and not graph.readers(operator.output):
            graph.operators.remove(operator)


def keep_reduced_axes(graph: Graph) -> None:
    """Make every reduction keep the axes that it reduces, with a RESHAPE behind it where rows are cut otherwise."""
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


def elide_reshapes(graph: Graph) -> None:
    """Remove each RESHAPE whose readers can take its input as it is, or whose input can have its shape from
    the start.
    """
    for operator in graph.operators.copy():
        if operator.kind != "RESHAPE":
            continue
        source, result = operator.inputs[0], operator.output
        if source in graph.inputs and graph.readers(source) == [operator] and source not in graph.outputs:
            source.shape = result.shape
        elif not _reads_any_shape(graph, operator):
            continue
        graph.operators.remove(operator)
        _replace(graph, result, source)


def _reads_any_shape(graph: Graph, reshape: Operator) -> bool:
    """Whether nobody behind the RESHAPE needs its output cut into the rows that it makes."""
    source, result = reshape.inputs[0], reshape.output
    if source.rows == result.rows:
        return True
    if source in graph.inputs and result in graph.outputs:
        return False
    return all(
        reader.kind == "FULLY_CONNECTED" and reader.output.rows[:2] == (1, 1)
        for reader in graph.readers(result)
    )


def _replace(graph: Graph, old: Tensor, new: Tensor) -> None:
    for operator in graph.operators:
        operator.inputs = [new if tensor is old else tensor for tensor in operator.inputs]
    graph.outputs = [new if tensor is old else tensor for tensor in graph.outputs]
