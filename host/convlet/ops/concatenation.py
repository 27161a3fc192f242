"""CONCATENATION: tensors one behind the other, along any axis; PACK: along a new one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tflite

from convlet.errors import ModelError
from convlet.graph import FullShape, Operator
from convlet.node import Node
from convlet.ops.spec import OperatorSpec

_AXES_OF_ROWS = 3


def axis_of(operator: Operator) -> int:
    """The axis along which the tensors lie, counted from the last one: 1 for channels, 2 for width, 3 for height."""
    rank, axis = len(operator.output.full_shape), operator.options["axis"]
    if not -rank <= axis < rank:
        raise ModelError(f"{operator} has axis {axis} of {rank}")
    return -axis if axis < 0 else rank - axis


def _check(operator: Operator) -> None:
    if not operator.computed or any(x.data is not None and x.data.dtype != np.int8 for x in operator.inputs):
        raise ModelError(f"{operator} reads constants only, or one that is not int8")
    if operator.options["activation"] != "NONE":
        raise ModelError(f"{operator} has a fused activation, which TFLM does not know")
    axis, shape = axis_of(operator), operator.output.full_shape
    joined = len(shape) - axis
    expected = list(shape)
    expected[joined] = sum(
        tensor.full_shape[joined] for tensor in operator.inputs if len(tensor.full_shape) > joined
    )
    for tensor in operator.inputs:
        found = list(tensor.full_shape)
        fits = len(found) == len(shape) and found[:joined] + found[joined + 1 :] == (
            expected[:joined] + expected[joined + 1 :]
        )
        if not fits or list(shape) != expected:
            raise ModelError(f"{operator} makes {list(shape)} of {found} and others")
    if axis >= _AXES_OF_ROWS and max(shape[:joined], default=1) > 1:
        raise ModelError(f"{operator} joins along axis {joined} of {len(shape)}, which is not supported")


def _reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """TFLM's reference_ops::Concatenation: it ignores the scales (micro/kernels/concatenation.cc)."""
    computed = iter(inputs)
    shaped = [
        (next(computed) if tensor.data is None else tensor.data).reshape(tensor.full_shape)
        for tensor in operator.inputs
    ]
    return np.concatenate(shaped, -axis_of(operator))


def _check_pack(operator: Operator) -> None:
    shapes = {tensor.full_shape for tensor in operator.inputs}
    if len(operator.computed) != len(operator.inputs) or len(shapes) != 1:
        raise ModelError(
            f"{operator} reads a constant, or tensors of several shapes, expected computed ones of one shape"
        )
    made = packed_shape(operator)
    if made != operator.output.full_shape:
        raise ModelError(f"{operator} makes {list(operator.output.full_shape)}, expected {list(made)}")


def packed_shape(operator: Operator) -> FullShape:
    """The full shape that a PACK makes."""
    shape, axis = operator.inputs[0].full_shape, operator.options["axis"]
    if not -len(shape) - 1 <= axis <= len(shape):
        raise ModelError(f"{operator} has axis {axis} of {len(shape) + 1}")
    axis += (len(shape) + 1) * (axis < 0)
    return *shape[:axis], len(operator.inputs), *shape[axis:]


def _reference_pack(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """micro/kernels/pack.cc"""
    shaped = [x.reshape(tensor.full_shape) for x, tensor in zip(inputs, operator.computed, strict=True)]
    return np.stack(shaped, operator.options["axis"])


def _lower_pack(operator: Operator, sources: tuple[int, ...]) -> Node:
    raise AssertionError(f"passes.concatenations makes a CONCATENATION of {operator}")


def _lower(operator: Operator, sources: tuple[int, ...]) -> Node:
    """Of two tensors: passes.split_concatenations has made it so. `parameter`: the rows before the second's."""
    below = axis_of(operator) >= _AXES_OF_ROWS
    height = operator.inputs[0].rows[0]
    return Node("CONCATENATION", operator.output, sources, parameter=height if below else 0)


OPERATORS = {
    "CONCATENATION": OperatorSpec(
        _reference,
        _lower,
        _check,
        tflite.ConcatenationOptions,
        {"axis": "Axis", "activation": "FusedActivationFunction"},
        any_shape=True,
        counts_axes=True,
    ),
    "PACK": OperatorSpec(
        _reference_pack,
        _lower_pack,
        _check_pack,
        tflite.PackOptions,
        {"axis": "Axis"},
        any_shape=True,
        counts_axes=True,
    ),
}
