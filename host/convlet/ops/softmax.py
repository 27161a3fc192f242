"""SOFTMAX over the channels of each pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import tflite

from convlet import fixed_point
from convlet.errors import ModelError
from convlet.graph import Operator
from convlet.node import Node
from convlet.ops.spec import OperatorSpec, reads_one_tensor
from convlet.quantization import INT8_MAX, INT8_MIN, quantize_multiplier

MOST_CHANNELS = 4095  # with more, the sum of their exponentials could leave 32 bits
_DIFFERENCE_BITS = 5  # integer bits of the exponent
_SUM_BITS = 12  # integer bits of the sum
_VANISHING = 1 << (_SUM_BITS - 1)  # an exponential below this adds nothing to a sum, and gives 0 itself


def _multiplier(operator: Operator) -> float:
    """Of differences of inputs, to numbers with _DIFFERENCE_BITS: TFLite's PreprocessSoftmaxScaling."""
    scale, beta = float(operator.inputs[0].tensor_scale), float(operator.options["beta"])
    return min(beta * scale * 2 ** (31 - _DIFFERENCE_BITS), 2.0**31 - 1)


def exponentials(operator: Operator) -> np.ndarray:
    """e^(-difference * beta * scale) with 0 integer bits for the differences from 0 on that count.

    TFLM: micro/kernels/softmax_common.cc, and reference_ops::Softmax (internal/reference/softmax.h).
    """
    multiplier, shift = quantize_multiplier(_multiplier(operator))
    radius = math.floor((2**_DIFFERENCE_BITS - 1) * 2.0 ** (31 - _DIFFERENCE_BITS - shift))
    differences = -np.arange(min(radius, INT8_MAX - INT8_MIN) + 1)
    exponents = fixed_point.multiply(differences << shift, multiplier)
    values = fixed_point.exp_of_negative(exponents, _DIFFERENCE_BITS)
    return values[: np.flatnonzero(values >= _VANISHING)[-1] + 1]


def _reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """TFLM's reference_ops::Softmax. It aborts where the sum reaches 512; here the arithmetic goes on."""
    x = inputs[0].astype(np.int64)
    table = np.append(exponentials(operator), 0)
    values = table[np.minimum(x.max(axis=2, keepdims=True) - x, len(table) - 1)]
    sums = fixed_point.divide_by_power(values, _SUM_BITS).sum(axis=2, keepdims=True)
    bits = np.frexp(sums)[1]
    factors = fixed_point.reciprocal((sums << (32 - bits)) - (1 << 31))
    result = fixed_point.divide_by_power(fixed_point.multiply(values, factors), bits + 3) + INT8_MIN
    return result.clip(INT8_MIN, INT8_MAX).astype(np.int8)


def _check(operator: Operator) -> None:
    reads_one_tensor(operator)
    source, result = operator.inputs[0], operator.output
    if source.rows != result.rows:
        raise ModelError(f"{operator} makes {result.rows} of {source.rows}, expected the same shape")
    if result.zero_point != INT8_MIN or result.tensor_scale != np.float32(1 / 256):
        raise ModelError(
            f"{operator} has output scale {result.tensor_scale} and zero point {result.zero_point}, "
            f"expected 1/256 and {INT8_MIN}"
        )
    if source.rows[2] > MOST_CHANNELS:
        raise ModelError(
            f"{operator} has {source.rows[2]} channels, the engine takes at most {MOST_CHANNELS}"
        )
    if not _multiplier(operator) > 1:
        raise ModelError(
            f"{operator} has beta {operator.options['beta']} and input scale {source.tensor_scale}, "
            "so small that all its outputs are equal"
        )


def _lower(operator: Operator, sources: tuple[int, ...]) -> Node:
    table = exponentials(operator)
    data = table.astype("<i4").tobytes()
    return Node("SOFTMAX", operator.output, sources, parameter=len(table), table=data, in_place=True)


OPERATORS = {
    "SOFTMAX": OperatorSpec(
        _reference, _lower, _check, tflite.SoftmaxOptions, {"beta": "Beta"}, any_shape=True
    ),
}
