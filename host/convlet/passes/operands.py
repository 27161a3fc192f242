"""Operators of two tensors get one of their output's shape, which the engine wants."""

from __future__ import annotations

from dataclasses import replace

from convlet.graph import Graph, Operator
from convlet.ops import elementwise


def repeat_operands(graph: Graph) -> list[str]:
    """Put a BROADCAST_TO before each operator of two tensors of which none that is computed has the output's shape."""
    done = []
    for operator in graph.operators.copy():
        if operator.kind not in elementwise.OPERATORS:
            continue
        small, result = elementwise.operands_of(operator).a, operator.output
        if small.rows == result.rows:
            continue
        whole = replace(small, name=f"{small.name} (repeated)", shape=result.shape, batch=result.batch)
        graph.operators.insert(
            graph.operators.index(operator), Operator("BROADCAST_TO", operator.position, [small], whole)
        )
        operator.inputs = [whole if tensor is small else tensor for tensor in operator.inputs]
        done.append(f"{small.name!r} for {operator}")
    return done
