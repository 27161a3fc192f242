"""What follows from shapes and constants alone is computed by the compiler."""

from __future__ import annotations

from convlet.graph import Graph
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
        if folded is not None:
            operator.output.data = folded
            graph.operators.remove(operator)
            done.append(str(operator))
    return done
