"""Arithmetic on shapes, which a Keras model with a free batch carries with it. All of it is known when we compile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tflite

from convlet.errors import ModelError
from convlet.graph import Operator
from convlet.limits import check_limit
from convlet.node import Node
from convlet.ops.movement import MOVES
from convlet.ops.spec import OperatorSpec

SHAPE_TYPES = ("INT32", "INT64")
_MOST_INTEGERS = 1000  # of the inputs together: a shape has few


def _constants(operator: Operator) -> list[np.ndarray]:
    return [tensor.constant for tensor in operator.inputs]


def _shape(operator: Operator) -> np.ndarray:
    return np.array(operator.inputs[0].full_shape)


def _strided_slice(operator: Operator) -> np.ndarray:
    return MOVES["STRIDED_SLICE"](operator, operator.inputs[0].constant, 0)


def _pack(operator: Operator) -> np.ndarray:
    return np.stack(_constants(operator), operator.options["axis"])


def _concatenation(operator: Operator) -> np.ndarray:
    return np.concatenate(_constants(operator), operator.options["axis"])


def _add(operator: Operator) -> np.ndarray:
    a, b = _constants(operator)
    return a + b


def _mul(operator: Operator) -> np.ndarray:
    a, b = _constants(operator)
    return a * b


FOLDS: dict[str, Callable[[Operator], np.ndarray]] = {
    "SHAPE": _shape,
    "STRIDED_SLICE": _strided_slice,
    "PACK": _pack,
    "CONCATENATION": _concatenation,
    "ADD": _add,
    "MUL": _mul,
}


def fold(operator: Operator) -> np.ndarray | None:
    """The integers that the operator makes; None when it makes none, or not of what is known."""
    is_known = operator.kind == "SHAPE" or not operator.computed
    if operator.output.type not in SHAPE_TYPES or operator.kind not in FOLDS or not is_known:
        return None
    size = sum(tensor.constant.size for tensor in operator.inputs if tensor.data is not None)
    check_limit(str(operator), "integers to compute with", size, _MOST_INTEGERS)
    try:
        folded = FOLDS[operator.kind](operator)
    except (ValueError, IndexError, TypeError) as error:
        raise ModelError(f"{operator} has inputs that do not fit together: {error}") from error
    return folded.astype(np.int32 if operator.output.type == "INT32" else np.int64)


def _check(operator: Operator) -> None:
    raise ModelError(f"{operator} is supported for shapes only, not for a tensor that is computed")


def _reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    raise NotImplementedError(operator)  # refused by _check


def _lower(operator: Operator, sources: tuple[int, ...]) -> Node:
    raise NotImplementedError(operator)  # refused by _check


OPERATORS = {
    "SHAPE": OperatorSpec(_reference, _lower, _check, any_shape=True),
    "PACK": OperatorSpec(_reference, _lower, _check, tflite.PackOptions, {"axis": "Axis"}, any_shape=True),
}
