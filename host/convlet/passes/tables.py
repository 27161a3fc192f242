"""Functions of one value that follow each other become one table; one that changes nothing goes."""

from __future__ import annotations

import numpy as np

from convlet.graph import Graph, Operator
from convlet.ops import table_of
from convlet.ops.tables import ALL_INPUTS, look_up


def compose_tables(graph: Graph) -> list[str]:
    """Make of a function of one value, and another one that alone reads its output, a LOOKUP of 256 bytes."""
    done = []
    for last in graph.operators.copy():
        table = table_of(last)
        while table is not None and (before := _function_before(graph, last)) is not None:
            first, values = before
            done.append(f"{first} and {last}")
            table = look_up(table, values)
            last.kind, last.inputs, last.options = "LOOKUP", first.computed, {"table": table}
            graph.operators.remove(first)
    return done


def _function_before(graph: Graph, operator: Operator) -> tuple[Operator, np.ndarray] | None:
    """The function of one value that makes the input of `operator`, and of nobody else, and its table."""
    source = operator.computed[0]
    before = graph.maker(source)
    if before is None or source in graph.outputs or graph.readers(source) != [operator]:
        return None
    table = table_of(before)
    return None if table is None else (before, table)


def drop_identities(graph: Graph) -> list[str]:
    """Remove functions that give what they get, but between other scales, or an input and an output."""
    done = []
    for operator in graph.operators.copy():
        table = table_of(operator)
        if table is None or not np.array_equal(table, ALL_INPUTS):
            continue
        source, result = operator.computed[0], operator.output
        if source.is_like(result) and not (source in graph.inputs and result in graph.outputs):
            graph.operators.remove(operator)
            graph.replace(result, source)
            done.append(str(operator))
    return done
