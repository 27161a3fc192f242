"""A RESHAPE moves no bytes: it goes where its neighbours can do without it."""

from __future__ import annotations

from convlet.graph import Graph, Operator
from convlet.ops import REGISTRY
from convlet.ops.movement import RESHAPES


def elide_reshapes(graph: Graph) -> list[str]:
    """Remove each RESHAPE whose input can have its shape from the start, or whose readers can take its input as it
    is.
    """
    done = []
    for operator in graph.operators.copy():
        if operator.kind not in RESHAPES:
            continue
        source, result = operator.inputs[0], operator.output
        if not source.is_like(result) or (source in graph.inputs and result in graph.outputs):
            continue
        if _may_have_shape(graph, operator):
            source.shape, source.batch = result.shape, result.batch
        elif not _reads_any_shape(graph, operator):
            continue
        graph.operators.remove(operator)
        graph.replace(result, source)
        done.append(str(operator))
    return done


def _may_have_shape(graph: Graph, reshape: Operator) -> bool:
    """Whether the input of the RESHAPE, which nobody else reads, could as well have the shape of its output."""
    source, result = reshape.inputs[0], reshape.output
    if graph.readers(source) != [reshape] or source in graph.outputs:
        return False
    maker = graph.maker(source)
    return maker is None or (source.rows == result.rows and not _counts_axes(maker))


def _reads_any_shape(graph: Graph, reshape: Operator) -> bool:
    """Whether nobody behind the RESHAPE needs its output cut into the rows that it makes."""
    source, result = reshape.inputs[0], reshape.output
    readers = graph.readers(result)
    if source.rows == result.rows:
        return source.full_shape == result.full_shape or not any(map(_counts_axes, readers))
    return all(reader.kind == "FULLY_CONNECTED" and reader.output.rows[:2] == (1, 1) for reader in readers)


def _counts_axes(operator: Operator) -> bool:
    """Whether it means an axis by its number, and not height, width or channels."""
    return REGISTRY[operator.kind].counts_axes
