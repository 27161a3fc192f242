"""TFLite's operators, a file a family: what each asks for, its numpy reference, and what the engine gets for it."""

from __future__ import annotations

from convlet.errors import ModelError
from convlet.graph import Graph
from convlet.ops import (
    convolution,
    dense,
    elementwise,
    pooling,
    reduction,
    reshape,
    softmax,
    tables,
    transpose_conv,
)
from convlet.ops.advice import instead_of
from convlet.ops.spec import OperatorSpec

FAMILIES = (convolution, transpose_conv, dense, pooling, reduction, reshape, elementwise, softmax, tables)
REGISTRY: dict[str, OperatorSpec] = {
    kind: spec for family in FAMILIES for kind, spec in family.OPERATORS.items()
}


def check_operators(graph: Graph) -> None:
    """Check every operator of the graph.

    Raises ModelError naming all operators that Convlet does not have, or the first that it cannot take as it is.
    """
    missing = [operator for operator in graph.operators if operator.kind not in REGISTRY]
    if missing:
        names = ", ".join(str(operator) for operator in missing)
        advice = instead_of(operator.kind for operator in missing)
        raise ModelError(f"not supported yet: {names}.{advice} Supported: {', '.join(sorted(REGISTRY))}")
    for operator in graph.operators:
        REGISTRY[operator.kind].check(operator)
