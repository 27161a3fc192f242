"""Functions of one int8 value, each a table of 256 bytes that the host computes: activations, requantising, ABS.

LOOKUP, which TFLite does not have, is any such function: its option `table` has the int8 values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import tflite

from convlet import fixed_point
from convlet.errors import ModelError
from convlet.graph import Operator, Tensor
from convlet.node import Node
from convlet.ops.spec import OperatorSpec, reads_one_tensor
from convlet.quantization import (
    INT8_MAX,
    INT8_MIN,
    activation_range,
    quantize_multiplier,
    requantize,
)

ALL_INPUTS = np.arange(INT8_MIN, INT8_MAX + 1)  # table[i] is the function's value of ALL_INPUTS[i]
Table = Callable[[Operator], np.ndarray]

_SIGMOID_BITS = 4  # integer bits of the argument of tanh and logistic


def lookup_node(tensor: Tensor, sources: tuple[int, ...], table: np.ndarray) -> Node:
    """The node that makes `tensor` with int8 `table`[256]; the engine's begins with the value of 0."""
    data = np.roll(table, INT8_MIN).astype(np.int8).tobytes()
    return Node("LOOKUP", tensor, sources, table=data, in_place=True)


def look_up(table: np.ndarray, x: np.ndarray) -> np.ndarray:
    """int8 values of int8 `x`."""
    return table[x.astype(np.int64) - INT8_MIN].astype(np.int8)


def rescale(x: np.ndarray, real_multiplier: float) -> np.ndarray:
    """Int-valued x * real_multiplier with TFLM's rounding."""
    multiplier, shift = quantize_multiplier(real_multiplier)
    return requantize(x, np.int64(multiplier), np.int64(shift))


def _ends(operator: Operator) -> tuple[Tensor, Tensor]:
    return operator.inputs[0], operator.output


def _ratio(operator: Operator) -> float:
    """Of the input's scale to the output's."""
    source, result = _ends(operator)
    return float(source.tensor_scale) / float(result.tensor_scale)


def _centred(source: Tensor) -> np.ndarray:
    """All inputs without their zero point."""
    return ALL_INPUTS - source.zero_point


def _finished(values: np.ndarray, result: Tensor, low: int = INT8_MIN, high: int = INT8_MAX) -> np.ndarray:
    return (values + result.zero_point).clip(low, high)


def _requantized(operator: Operator) -> np.ndarray:
    """TFLM's reference_ops::Requantize (tensorflow/lite/kernels/internal/reference/requantize.h)."""
    source, result = _ends(operator)
    return _finished(rescale(_centred(source), _ratio(operator)), result)


def _clamped(activation: str) -> Table:
    """RELU: TFLM's ReluQuantized (tensorflow/lite/micro/kernels/activations_common.cc).

    RELU_N1_TO_1 is in TFLite only, with the same arithmetic (QuantizedReluX in kernels/activations.cc).
    """

    def table(operator: Operator) -> np.ndarray:
        result = operator.output
        return _requantized(operator).clip(
            *activation_range(activation, result.tensor_scale, result.zero_point)
        )

    return table


def _relu6(operator: Operator) -> np.ndarray:
    """TFLM's Relu6Quantized (activations.h): it clamps the input as it is, whatever the output's scale."""
    source, _ = _ends(operator)
    return ALL_INPUTS.clip(*activation_range("RELU6", source.tensor_scale, source.zero_point))


def _leaky_relu(operator: Operator) -> np.ndarray:
    """TFLM's QuantizeLeakyRelu (reference/leaky_relu.h); older leaky_relu_common.cc computed in float32.

    A negative slope acts as the positive one with the sign changed behind both roundings.
    """
    source, result = _ends(operator)
    x, ratio = _centred(source), _ratio(operator)
    slope = float(source.tensor_scale) * float(operator.options["alpha"]) / float(result.tensor_scale)
    below = np.sign(slope) * rescale(x, abs(slope))
    return _finished(np.where(x >= 0, rescale(x, ratio), below), result)


def _absolute(operator: Operator) -> np.ndarray:
    """TFLM's AbsEvalQuantized (tensorflow/lite/micro/kernels/elementwise.cc)."""
    source, result = _ends(operator)
    x = abs(_centred(source))
    if source.tensor_scale != result.tensor_scale:
        x = rescale(x, _ratio(operator))
    return _finished(x, result)


def _sigmoidal(function: Callable[[np.ndarray, int], np.ndarray], result_bits: int, zero_point: int) -> Table:
    """LOGISTIC and TANH: TFLM's integer_ops/logistic.h and tanh.h, set up in logistic_common.cc and tanh.cc."""

    def table(operator: Operator) -> np.ndarray:
        source, _ = _ends(operator)
        fraction, shift = math.frexp(float(source.tensor_scale) * 2 ** (31 - _SIGMOID_BITS))
        radius = math.floor((2**_SIGMOID_BITS - 1) * 2.0 ** (31 - _SIGMOID_BITS - shift))
        x = _centred(source)
        near = x.clip(1 - radius, radius - 1)  # beyond, the argument would leave its integer bits
        argument = requantize(near, np.int64(round(fraction * 2**31)), np.int64(shift))
        values = fixed_point.divide_by_power(function(argument, _SIGMOID_BITS), 31 - result_bits) + zero_point
        values = values.clip(INT8_MIN, INT8_MAX)
        return np.where(x <= -radius, INT8_MIN, np.where(x >= radius, INT8_MAX, values))

    return table


def _int16_multiplier(real: float) -> tuple[np.ndarray, int]:
    """QuantizeMultiplier and DownScaleInt32ToInt16Multiplier (tensorflow/lite/kernels/internal/common.h)."""
    multiplier, shift = quantize_multiplier(real)
    return np.int64(min((multiplier + (1 << 15)) >> 16, 0x7FFF)), shift


def _multiply_int16(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """gemmlowp's SaturatingRoundingDoublingHighMul of int16."""
    return ((a * b + (1 << 14)) >> 15).clip(-0x8000, 0x7FFF)


def _divide_int16(x: np.ndarray, exponent: int) -> np.ndarray:
    """gemmlowp's RoundingDivideByPOT of int16, whose mask, too, has 16 bits only."""
    mask = np.int64((1 << exponent) - 1).astype(np.int16).astype(np.int64)
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def _hard_swish(operator: Operator) -> np.ndarray:
    """TFLM's HardSwish (reference/hard_swish.h) in 16 bits, set up in micro/kernels/hard_swish_common.cc."""
    source, result = _ends(operator)
    fine_scale = np.float32(1 / 128) * source.tensor_scale
    multiplier, shift = _int16_multiplier(float(fine_scale / result.tensor_scale))
    relu_multiplier, relu_shift = _int16_multiplier(float(fine_scale / np.float32(3 / 32768)))
    x = _centred(source) << 7
    # Of x in [-3, 3] a weight in [0, 1], of 15 bits, saturated.
    weight = (x << max(relu_shift - 1, 0)).clip(-0x8000, 0x7FFF)
    weight = _multiply_int16(weight, relu_multiplier)
    weight = (weight << (relu_shift > 0)).clip(-0x8000, 0x7FFF)
    weight = (_divide_int16(weight, max(-relu_shift, 0)) + 0x8000) >> 1
    product = weight * _multiply_int16(x, multiplier)
    towards_zero = np.sign(product) * (abs(product) >> 15)
    return _finished(_divide_int16(towards_zero, -shift), result)


def _gelu(operator: Operator) -> np.ndarray:
    """TFLite's table of GELU, in float32 (kernels/activations.cc, reference/gelu.h); TFLM has none."""
    source, result = _ends(operator)
    x = source.dequantize(ALL_INPUTS)
    if operator.options["approximate"]:
        argument = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
        weight = 1 + np.tanh(argument)
    else:
        argument = x * np.float32(-math.sqrt(0.5))
        weight = np.array([math.erfc(value) for value in argument], np.float32)
    steps = np.float32(0.5) * x * weight * (np.float32(1) / result.tensor_scale)
    return _finished(np.sign(steps) * np.floor(abs(steps) + np.float32(0.5)), result)


def _check(operator: Operator) -> None:
    reads_one_tensor(operator)
    source, result = _ends(operator)
    if source.rows != result.rows:
        raise ModelError(f"{operator} makes {result.rows} of {source.rows}, expected the same shape")


def _check_logistic(operator: Operator) -> None:
    _check(operator)
    if operator.output.zero_point != INT8_MIN:
        raise ModelError(
            f"{operator} has zero point {operator.output.zero_point}, expected {INT8_MIN}: "
            "TFLite fixes its output's scale to 1/256"
        )


def _check_hard_swish(operator: Operator) -> None:
    _check(operator)
    if _ratio(operator) >= 128:
        raise ModelError(
            f"{operator} has an input scale {_ratio(operator):.0f} times its output's, TFLM takes less than 128"
        )


def _spec(
    table: Table,
    check: Callable[[Operator], None] = _check,
    options_table: type | None = None,
    **options: str,
) -> OperatorSpec:
    def reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
        return look_up(table(operator), inputs[0])

    def lower(operator: Operator, sources: tuple[int, ...]) -> Node:
        return lookup_node(operator.output, sources, table(operator))

    return OperatorSpec(reference, lower, check, options_table, options, any_shape=True, table=table)


OPERATORS = {
    "LOOKUP": _spec(lambda operator: operator.options["table"]),
    "QUANTIZE": _spec(_requantized),
    "RELU": _spec(_clamped("RELU")),
    "RELU_N1_TO_1": _spec(_clamped("RELU_N1_TO_1")),
    "RELU6": _spec(_relu6),
    "LEAKY_RELU": _spec(_leaky_relu, options_table=tflite.LeakyReluOptions, alpha="Alpha"),
    "LOGISTIC": _spec(_sigmoidal(fixed_point.logistic, 8, INT8_MIN), _check_logistic),
    "TANH": _spec(_sigmoidal(fixed_point.tanh, 7, 0)),
    "HARD_SWISH": _spec(_hard_swish, _check_hard_swish),
    "GELU": _spec(_gelu, options_table=tflite.GeluOptions, approximate="Approximate"),
    "ABS": _spec(_absolute),
}
