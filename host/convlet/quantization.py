"""The arithmetic of quantised tensors, as TFLM does it: the one place where Python has it."""

from __future__ import annotations

import math

import numpy as np

INT8_MIN, INT8_MAX = -128, 127


def quantize_multiplier(real: float) -> tuple[int, int]:
    """`real` as (multiplier, shift): real = multiplier * 2^(shift - 31), 2^30 <= multiplier < 2^31.

    TFLite's QuantizeMultiplier (tensorflow/lite/kernels/internal/quantization_util.cc).
    """
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = math.floor(abs(fraction) * 2**31 + 0.5) * (1 if fraction > 0 else -1)
    if multiplier == 2**31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        return 2**31 - 1, 30
    return multiplier, shift


def requantize(acc: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """acc * multiplier * 2^(shift - 31), rounded twice: TFLM's MultiplyByQuantizedMultiplier.

    Args: `acc` int32-valued [..., C]; `multiplier`, `shift` int [C]. Returns int64 of the same shape as
    `acc`.
    `engine/requantize.h` does the same.
    """
    left = np.maximum(shift, 0).astype(np.int64)
    right = np.maximum(-shift.astype(np.int64), 0)
    shifted = (acc.astype(np.int64) << left).astype(np.int32).astype(np.int64)
    high = (shifted * multiplier.astype(np.int64) + (1 << 30)) >> 31
    mask = (np.int64(1) << right) - 1
    threshold = (mask >> 1) + (high < 0)
    return (high >> right) + ((high & mask) > threshold)


def quantize(real: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    """int8 values of float32 `real`: rounded with halves away from zero, saturated; NaN counts as 0.
    TFLite's QUANTIZE.
    """
    steps = np.nan_to_num(
        np.asarray(real, np.float32) / np.float32(scale), nan=0.0, posinf=1024, neginf=-1024
    )
    whole = np.trunc(steps)
    rest = steps - whole
    rounded = whole + (rest >= 0.5) - (rest <= -0.5) + zero_point
    return np.clip(rounded, INT8_MIN, INT8_MAX).astype(np.int8)


def dequantize(quantized: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    """float32 values of int8 `quantized`."""
    return (quantized.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)


def activation_range(activation: str, scale: np.float32, zero_point: int) -> tuple[int, int]:
    """The int8 range that a fused activation leaves. TFLite's CalculateActivationRangeQuantized.

    Raises KeyError for an activation that cannot be a clamp.
    """
    low, high = {"NONE": (None, None), "RELU": (0.0, None), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0)}[
        activation
    ]

    def level(real: float) -> int:
        steps = max(-256.0, min(float(np.float32(real) / scale), 256.0))  # beyond, any zero point saturates
        return zero_point + math.floor(abs(steps) + 0.5) * (1 if steps >= 0 else -1)

    return (
        INT8_MIN if low is None else max(INT8_MIN, level(low)),
        INT8_MAX if high is None else min(INT8_MAX, level(high)),
    )
