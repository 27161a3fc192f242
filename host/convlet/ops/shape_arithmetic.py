"""Arithmetic on shapes, which a Keras model with a free batch carries with it. All of it is known when we compile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tflite

from convlet.errors import ModelError
from convlet.graph import Operator
from convlet.limits import check_limit
from convlet.node import Node
from convlet.ops.advice import instead_of
from convlet.ops.movement import MOVES, RESHAPES
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


def _gather(operator: Operator) -> np.ndarray:
    values, places = _constants(operator)
    return values.take(places, operator.options["axis"])


def _product(operator: Operator) -> np.ndarray:
    values, axes = _constants(operator)
    product: np.ndarray = values.prod(tuple(axes.ravel().tolist()), keepdims=operator.options["keep_dims"])
    return product


def _reshape(operator: Operator) -> np.ndarray:
    return operator.inputs[0].constant.reshape(operator.output.full_shape)


def _of_two(function: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[[Operator], np.ndarray]:
    return lambda operator: function(*_constants(operator))


FOLDS: dict[str, Callable[[Operator], np.ndarray]] = {
    "SHAPE": _shape,
    "STRIDED_SLICE": _strided_slice,
    "PACK": _pack,
    "CONCATENATION": _concatenation,
    "GATHER": _gather,
    "REDUCE_PROD": _product,
    **dict.fromkeys(RESHAPES, _reshape),
    "ADD": _of_two(np.add),
    "SUB": _of_two(np.subtract),
    "MUL": _of_two(np.multiply),
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
    advice = instead_of([operator.kind])
    raise ModelError(f"{operator} is supported for shapes only, not for a tensor that is computed.{advice}")


def _reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    raise NotImplementedError(operator)  # refused by _check


def _lower(operator: Operator, sources: tuple[int, ...]) -> Node:
    raise NotImplementedError(operator)  # refused by _check


def _spec(options_table: type | None = None, **options: str) -> OperatorSpec:
    return OperatorSpec(_reference, _lower, _check, options_table, options, any_shape=True, counts_axes=True)


OPERATORS = {
    "SHAPE": _spec(),
    "GATHER": _spec(tflite.GatherOptions, axis="Axis"),
    "REDUCE_PROD": _spec(tflite.ReducerOptions, keep_dims="KeepDims"),
}
