"""What follows from shapes and constants alone is computed by the compiler."""

from __future__ import annotations

from convlet.graph import Graph
from convlet.ops.shape_arithmetic import fold


def fold_constants(graph: Graph) -> list[str]:
    """Compute the integers that follow from shapes and constants alone, and remove the operators that made them."""
    done = []
    for operator in graph.operators.copy():
        folded = fold(operator)
        if folded is not None:
            operator.output.data = folded
            graph.operators.remove(operator)
            done.append(str(operator))
    return done
