"""What follows from shapes and constants alone is computed by the compiler."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convlet.graph import Graph, Operator
from convlet.ops import REGISTRY
from convlet.ops.open_shapes import close_shape
from convlet.ops.shape_arithmetic import fold


def fold_constants(graph: Graph) -> list[str]:
    """Compute the integers that follow from shapes and constants alone, and remove the operators that made them;
    and the shapes that follow from these.
    """
    done = []
    for operator in graph.operators.copy():
        if close_shape(operator):
            graph.is_open = True
            done.append(f"{operator} makes {list(operator.output.full_shape)}")
        folded = fold(operator)
        if folded is None:
            folded = _values_of_constants(operator)
        if folded is not None:
            operator.output.data = folded
            graph.operators.remove(operator)
            done.append(str(operator))
    return done


def _values_of_constants(operator: Operator) -> np.ndarray | None:
    """int8 values of what reads constants only, such as the state that a recurrent layer begins with; else None."""
    result = operator.output
    if operator.computed or not operator.inputs or result.type != "INT8":
        return None
    if operator.kind == "FILL":
        return np.full(result.full_shape, operator.inputs[-1].constant.ravel()[:1], np.int8)
    spec = REGISTRY.get(operator.kind)
    if spec is None or not spec.any_shape or spec.several_outputs:
        return None
    first, *rest = operator.inputs
    alike = replace(operator, inputs=[replace(first, data=None), *rest])
    spec.check(alike)
    return spec.reference(alike, [first.constant.reshape(first.rows)]).reshape(result.full_shape)
