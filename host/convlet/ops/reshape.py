"""RESHAPE, SQUEEZE, EXPAND_DIMS: the same values in the same order, cut into other rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convlet.errors import ModelError
from convlet.graph import Operator
from convlet.node import WHOLE_INPUT, Node
from convlet.ops.movement import RESHAPES, lower_move, reads_single_rows
from convlet.ops.spec import OperatorSpec, reads_one_tensor


def _check(operator: Operator) -> None:
    reads_one_tensor(operator)
    sizes = [int(np.prod(tensor.rows)) for tensor in (operator.inputs[0], operator.output)]
    if sizes[0] != sizes[1]:
        raise ModelError(f"{operator} makes {sizes[1]} values of {sizes[0]}")


def _reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    return inputs[0]


def _lower(operator: Operator, sources: tuple[int, ...]) -> Node:
    """A copy where each row is a piece of one row of the input, which then needs not be whole."""
    if reads_single_rows(operator):
        return lower_move(operator, sources)
    return Node("RESHAPE", operator.output, sources, WHOLE_INPUT)


OPERATORS = {
    kind: OperatorSpec(_reference, _lower, _check, any_shape=True, counts_axes=True) for kind in RESHAPES
}
