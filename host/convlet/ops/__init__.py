"""TFLite's operators, a file a family: what each asks for, its numpy reference, and what the engine gets for it."""

from __future__ import annotations

import numpy as np

from convlet.errors import ModelError
from convlet.graph import Graph, Operator
from convlet.ops import (
    concatenation,
    convolution,
    dense,
    elementwise,
    movement,
    pooling,
    reduction,
    reshape,
    resize_bilinear,
    shape_arithmetic,
    softmax,
    tables,
    transpose_conv,
)
from convlet.ops.advice import instead_of
from convlet.ops.spec import OperatorSpec

FAMILIES = (
    convolution,
    transpose_conv,
    dense,
    pooling,
    reduction,
    reshape,
    movement,
    concatenation,
    resize_bilinear,
    elementwise,
    softmax,
    tables,
    shape_arithmetic,
)
REGISTRY: dict[str, OperatorSpec] = {
    kind: spec for family in FAMILIES for kind, spec in family.OPERATORS.items()
}


_MOST_NAMES = 8  # of operators that are missing


def table_of(operator: Operator) -> np.ndarray | None:
    """int64[256]: the int8 outputs for the values -128 to 127 of an operator that is a function of one value.

    None for others.
    """
    table = REGISTRY[operator.kind].table
    values = None if table is None else table(operator)
    return None if values is None else values.astype(np.int64)


def check_operators(graph: Graph) -> None:
    """Check every operator of the graph.

    Raises ModelError naming all operators that Convlet does not have, or the first that it cannot take as it is.
    """
    missing = [operator for operator in graph.operators if operator.kind not in REGISTRY]
    if missing:
        names = ", ".join(str(operator) for operator in missing[:_MOST_NAMES])
        more = f" and {len(missing) - _MOST_NAMES} more" if len(missing) > _MOST_NAMES else ""
        advice = instead_of(
            (operator.kind for operator in missing), " ".join(operator.output.name for operator in missing)
        )
        advice = advice or f" Supported: {', '.join(sorted(REGISTRY))}"
        raise ModelError(f"not supported yet: {names}{more}.{advice}")
    for operator in graph.operators:
        if operator.output.type != "INT8":
            raise ModelError(f"{operator} makes a tensor of type {operator.output.type}, expected INT8")
        REGISTRY[operator.kind].check(operator)
        _check_shapes(operator)


def _check_shapes(operator: Operator) -> None:
    for tensor in operator.computed:
        is_image = tensor.batch == 1 and len(tensor.shape) <= 3
        if not (is_image or len(tensor.full_shape) <= 1 or REGISTRY[operator.kind].any_shape):
            raise ModelError(
                f"{operator} reads the tensor {tensor.name!r} of shape {list(tensor.full_shape)}, "
                "expected a batch of 1 and at most height, width, channels"
            )
