"""RESHAPE: the same values in another shape."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convlet.errors import ModelError
from convlet.graph import Operator
from convlet.node import WHOLE_INPUT, Node
from convlet.ops.spec import OperatorSpec, reads_one_tensor


def _check(operator: Operator) -> None:
    reads_one_tensor(operator)
    sizes = [int(np.prod(tensor.rows)) for tensor in (operator.inputs[0], operator.output)]
    if sizes[0] != sizes[1]:
        raise ModelError(f"{operator} makes {sizes[1]} values of {sizes[0]}")


def _reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    return inputs[0]


def _lower(operator: Operator, sources: tuple[int, ...]) -> Node:
    return Node("RESHAPE", operator.output, sources, WHOLE_INPUT)


OPERATORS = {
    "RESHAPE": OperatorSpec(_reference, _lower, _check),
}
