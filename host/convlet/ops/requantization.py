"""How an operator's sums become its int8 output: multipliers, shifts, fused activation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from convlet.errors import ModelError
from convlet.graph import Operator, Tensor
from convlet.quantization import INT8_MAX, INT8_MIN, activation_range, quantize_multiplier, requantize


@dataclass(frozen=True)
class Requantization:
    """int32 sums to int8: multiplier, shift and bias for each output channel, int [C]; then the activation's clamp."""

    bias: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    clamp_min: int
    clamp_max: int


def clamp_of(operator: Operator) -> tuple[int, int]:
    """The int8 range of the operator's fused activation, and of those that `passes.fuse_clamps` put behind it.

    Raises ModelError for an activation that is no clamp.
    """
    activation = operator.options["activation"]
    try:
        low, high = activation_range(activation, operator.output.tensor_scale, operator.output.zero_point)
    except KeyError:
        raise ModelError(
            f"{operator} has the fused activation {activation}, which is not supported"
        ) from None
    least, most = operator.options.get("clamp", (INT8_MIN, INT8_MAX))
    return min(max(low, least), most), min(max(high, least), most)


def requantization_of(operator: Operator) -> Requantization:
    """How a convolution or dense layer turns its sums into int8."""
    source, weights, *rest = operator.inputs
    channels = operator.output.rows[2]
    clamp_min, clamp_max = clamp_of(operator)
    reals = _real_multipliers(operator, source, weights)
    if not np.isfinite(reals).all():
        raise ModelError(f"{operator} has scales that are not numbers, or too great")
    pairs = [quantize_multiplier(real) for real in reals]
    return Requantization(
        bias=rest[0].constant.astype(np.int64) if rest else np.zeros(channels, np.int64),
        multiplier=np.array([multiplier for multiplier, _ in pairs]),
        shift=np.array([shift for _, shift in pairs]),
        clamp_min=clamp_min,
        clamp_max=clamp_max,
    )


def right_shifting(requantization: Requantization) -> Requantization | None:
    """The same with shifts of -1 to -31 and multipliers of 2^30 and more, or None where a channel needs others."""
    # With the smallest factor that there is, all sums between -2^31 and 2^31 - 1 give 0 too: a layer has no others.
    is_zero = requantization.multiplier == 0
    multiplier = np.where(is_zero, 1 << 30, requantization.multiplier)
    shift = np.where(is_zero, -31, requantization.shift)
    fits = shift.max() <= -1 and shift.min() >= -31 and multiplier.min() >= 1 << 30
    return replace(requantization, multiplier=multiplier, shift=shift) if fits else None


def _real_multipliers(operator: Operator, source: Tensor, weights: Tensor) -> list[float]:
    """input scale * weight scale / output scale of each output channel, computed in double as TFLite does."""
    channels = operator.output.rows[2]
    scale_in, scale_out = source.tensor_scale, float(operator.output.tensor_scale)
    if operator.kind == "FULLY_CONNECTED" and len(weights.scale) == 1 and not weights.channel_scale:
        # Only here the product of the scales is a float32: TFLite's GetQuantizedConvolutionMultipler.
        return [float(scale_in * np.float32(weights.scale[0])) / scale_out] * channels
    scales = np.broadcast_to(weights.scale, channels)
    return [float(scale_in) * float(scale) / scale_out for scale in scales]


def finish(operator: Operator, products: np.ndarray) -> np.ndarray:
    """int8 output from the sums of products [..., C] of a convolution or dense layer."""
    quantization = requantization_of(operator)
    values = requantize(products + quantization.bias, quantization.multiplier, quantization.shift)
    values = values + operator.output.zero_point
    return values.clip(quantization.clamp_min, quantization.clamp_max).astype(np.int8)
