"""Operators of two tensors, value by value: ADD, SUB, MUL, MINIMUM, MAXIMUM, PRELU.

Each may have length 1 along some axes, where it is repeated, and one of them may be a constant. The engine's operators
want a computed one of the output's shape: passes.operands sees to it. A constant that is a single number makes the
operator a table of 256 bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tflite

from convlet.errors import ModelError
from convlet.graph import Operator, Shape, Tensor
from convlet.node import Node
from convlet.ops.requantization import clamp_of
from convlet.ops.spec import OperatorSpec
from convlet.ops.tables import ALL_INPUTS, lookup_node, rescale
from convlet.ops.weighted_sum import WeightedSum, find_weighted_sum
from convlet.quantization import INT8_MAX, INT8_MIN, quantize_multiplier

Arithmetic = Callable[[Operator, np.ndarray, np.ndarray], np.ndarray]
Lower = Callable[[Operator], "Form"]

ADD_SHIFT = 20  # bits by which ADD and SUB shift their inputs before they are rescaled
_NO_RESCALING = (0, 0)


@dataclass(frozen=True)
class Operands:
    """The two inputs: `a` is computed, and has the output's shape if one has; `swapped` if it is TFLite's second."""

    a: Tensor
    b: Tensor
    swapped: bool


@dataclass(frozen=True)
class Form:
    """An operator as the engine has it: its name there and its table."""

    kind: str
    table: bytes = b""


def operands_of(operator: Operator) -> Operands:
    """Which of the inputs is which.

    Raises ModelError unless there are two int8 tensors of which one is computed, and both fit the output.
    """
    if len(operator.inputs) != 2:
        raise ModelError(f"{operator} has {len(operator.inputs)} inputs, expected 2")
    first, second = operator.inputs
    for tensor in (first, second):
        _check_operand(operator, tensor)
    # First one that has the output's shape.
    computed = sorted(operator.computed, key=lambda tensor: tensor.rows != operator.output.rows)
    if not computed or not _fit(first.rows, second.rows, operator.output.rows):
        raise ModelError(
            f"{operator} makes {operator.output.rows} of {first.rows} and {second.rows}: expected one computed tensor "
            "at least, and lengths that are the output's or 1"
        )
    return Operands(first, second, False) if computed[0] is first else Operands(second, first, True)


def _check_operand(operator: Operator, tensor: Tensor) -> None:
    if tensor.data is None:
        return
    if tensor.data.dtype != np.int8:
        raise ModelError(f"{operator} has a constant of type {tensor.data.dtype}, expected int8")
    if len(tensor.scale) != 1 or not (np.isfinite(tensor.scale[0]) and tensor.scale[0] > 0):
        raise ModelError(
            f"{operator} has a constant with scale {tensor.scale.tolist()}, expected one positive number"
        )


def _fit(first: Shape, second: Shape, result: Shape) -> bool:
    """Whether `result` is as long along each axis as both, but where one of them has length 1."""
    return all({x, y, z} <= {1, z} and z in (x, y) for x, y, z in zip(first, second, result, strict=True))


def _sum_rescalings(operator: Operator) -> list[float]:
    """The real multipliers of both inputs, in TFLite's order, and of their sum.

    TFLM: micro/kernels/add_common.cc; SUB has the same, though older sub_common.cc computed in float32.
    """
    scales = [float(tensor.tensor_scale) for tensor in operator.inputs]
    twice_greatest = 2 * max(scales)
    of_sum = twice_greatest / (2**ADD_SHIFT * float(operator.output.tensor_scale))
    return [*(scale / twice_greatest for scale in scales), of_sum]


def _sum(operator: Operator, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """TFLM's AddFunc (reference/integer_ops/add.h) and SubElementwise (reference/sub.h)."""
    *of_inputs, of_sum = _sum_rescalings(operator)
    x, y = (
        rescale((values - tensor.zero_point) << ADD_SHIFT, real)
        for values, tensor, real in zip((first, second), operator.inputs, of_inputs, strict=True)
    )
    return rescale(x + y if operator.kind == "ADD" else x - y, of_sum)


def _product_rescaling(operator: Operator) -> float:
    first, second = operator.inputs
    product = float(first.tensor_scale) * float(second.tensor_scale)
    return product / float(operator.output.tensor_scale)


def _product(operator: Operator, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """TFLM's MulElementwise (reference/integer_ops/mul.h)."""
    x, y = first - operator.inputs[0].zero_point, second - operator.inputs[1].zero_point
    return rescale(x * y, _product_rescaling(operator))


def _identity_rescaling(operator: Operator) -> float:
    return float(operator.inputs[0].tensor_scale) / float(operator.output.tensor_scale)


def _prelu(operator: Operator, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """TFLM's BroadcastPrelu4DSlow (reference/prelu.h): the second input holds the slopes below 0."""
    above = rescale(first - operator.inputs[0].zero_point, _identity_rescaling(operator))
    return np.where(first >= operator.inputs[0].zero_point, above, _product(operator, first, second))


def _minimum(operator: Operator, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """TFLM's MinimumOp (micro/kernels/maximum_minimum.cc) compares the values as they are, whatever the scales."""
    return np.minimum(first, second) - operator.output.zero_point


def _maximum(operator: Operator, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.maximum(first, second) - operator.output.zero_point


def _clamp(operator: Operator) -> tuple[int, int]:
    return clamp_of(operator) if "activation" in operator.options else (INT8_MIN, INT8_MAX)


def _result(operator: Operator, arithmetic: Arithmetic, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """int8 values of int8 `first` and `second`, in TFLite's order."""
    values = arithmetic(operator, first.astype(np.int64), second.astype(np.int64))
    return (values + operator.output.zero_point).clip(*_clamp(operator)).astype(np.int8)


def _in_order(operands: Operands, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (b, a) if operands.swapped else (a, b)


def pack_table(
    rescalings: Sequence[tuple[int, int]], zero_point_b: int = 0, signs: tuple[int, int] = (0, 0)
) -> bytes:
    """The table of engine/elementwise.c: multipliers and shifts of a, b and the result, b's zero point, signs."""
    multipliers, shifts = zip(*rescalings, strict=True)
    return struct.pack("<3i3b3b2x", *multipliers, *shifts, zero_point_b, *signs)


def _lower_sum(operator: Operator) -> Form:
    operands = operands_of(operator)
    signs = (1, 1) if operator.kind == "ADD" else (-1, 1) if operands.swapped else (1, -1)
    weighted = _weighted_sum(operator, operands, signs)
    if weighted is not None:
        rescalings = [(weighted.weight_a, 0), (weighted.weight_b, 0), (weighted.constant, -weighted.shift)]
        return Form("WEIGHTED_SUM", pack_table(rescalings))
    *of_inputs, of_sum = _sum_rescalings(operator)
    of_a, of_b = reversed(of_inputs) if operands.swapped else of_inputs
    rescalings = [quantize_multiplier(real) for real in (of_a, of_b, of_sum)]
    return Form("ADD", pack_table(rescalings, operands.b.zero_point, signs))


def _weighted_sum(operator: Operator, operands: Operands, signs: tuple[int, int]) -> WeightedSum | None:
    """The same as ADD or SUB for all values that their inputs can have; None where none was found."""
    constant = operands.b.data
    b_values = ALL_INPUTS if constant is None else np.unique(constant)
    wanted = _result(operator, _sum, *_in_order(operands, ALL_INPUTS[:, None], b_values)).astype(np.int64)
    real_a, real_b = (
        sign * float(tensor.tensor_scale) / float(operator.output.tensor_scale)
        for sign, tensor in zip(signs, (operands.a, operands.b), strict=True)
    )
    return find_weighted_sum(wanted, b_values, (real_a, real_b), _clamp(operator))


def _lower_product(operator: Operator) -> Form:
    of_product = quantize_multiplier(_product_rescaling(operator))
    table = pack_table([_NO_RESCALING, _NO_RESCALING, of_product], operands_of(operator).b.zero_point)
    return Form("MUL", table)


def _lower_prelu(operator: Operator) -> Form:
    above = quantize_multiplier(_identity_rescaling(operator))
    below = quantize_multiplier(_product_rescaling(operator))
    return Form("PRELU", pack_table([above, _NO_RESCALING, below], operator.inputs[1].zero_point))


def _axes(shape: Shape, whole: Shape) -> int:
    """The axes along which a constant is as long as the output: rows 1, columns 2, channels 4."""
    return sum(1 << i for i, (length, full) in enumerate(zip(shape, whole, strict=True)) if length == full)


def _check_operands(operator: Operator) -> None:
    operands_of(operator)
    _clamp(operator)


def _check_sum(operator: Operator) -> None:
    _check_operands(operator)
    if not 0 < _sum_rescalings(operator)[2] < 1:
        raise ModelError(f"{operator} has inputs with scales too great or too small for its output's")


def _check_prelu(operator: Operator) -> None:
    if operands_of(operator).swapped:
        raise ModelError(f"{operator} has slopes of a greater shape than its input")


def _spec(
    arithmetic: Arithmetic,
    lower_form: Lower,
    check: Callable[[Operator], None] = _check_operands,
    options_table: type | None = None,
) -> OperatorSpec:
    def reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
        computed = iter(inputs)
        first, second = (
            next(computed) if tensor.data is None else tensor.data.reshape(tensor.rows)
            for tensor in operator.inputs
        )
        return _result(operator, arithmetic, first, second)

    def table(operator: Operator) -> np.ndarray | None:
        operands = operands_of(operator)
        constant = operands.b.data
        if constant is None or len(np.unique(constant)) > 1:
            return None
        return _result(operator, arithmetic, *_in_order(operands, ALL_INPUTS, constant.ravel()[:1]))

    def lower(operator: Operator, sources: tuple[int, ...]) -> Node:
        values = table(operator)
        if values is not None:
            return lookup_node(operator.output, sources, values)
        operands = operands_of(operator)
        constant = operands.b.data
        form = lower_form(operator)
        clamp_min, clamp_max = _clamp(operator)
        return Node(
            form.kind,
            operator.output,
            sources[::-1] if operands.swapped else sources,
            zero_point_in=operands.a.zero_point,
            clamp_min=clamp_min,
            clamp_max=clamp_max,
            parameter=0 if constant is None else _axes(operands.b.rows, operands.a.rows),
            weights=b"" if constant is None else constant.tobytes(),
            table=form.table,
            in_place=True,
        )

    options = {"activation": "FusedActivationFunction"} if options_table is not None else {}
    return OperatorSpec(reference, lower, check, options_table, options, any_shape=True, table=table)


OPERATORS = {
    "ADD": _spec(_sum, _lower_sum, _check_sum, tflite.AddOptions),
    "SUB": _spec(_sum, _lower_sum, _check_sum, tflite.SubOptions),
    "MUL": _spec(_product, _lower_product, options_table=tflite.MulOptions),
    "MINIMUM": _spec(_minimum, lambda _: Form("MINIMUM")),
    "MAXIMUM": _spec(_maximum, lambda _: Form("MAXIMUM")),
    "PRELU": _spec(_prelu, _lower_prelu, _check_prelu),
}
