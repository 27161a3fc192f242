"""What a TFLite operator asks for, in numbers: its window on the input and its requantisation.

The numpy reference and the compiler both read them here, so that a model means one thing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convlet.errors import ModelError
from convlet.format import OP
from convlet.graph import Graph, Operator, Tensor
from convlet.quantization import activation_range, quantize_multiplier

WEIGHTED = ("CONV_2D", "FULLY_CONNECTED")


@dataclass(frozen=True)
class Window:
    """Output row r reads input rows r * stride_h - pad_top + k * dilation_h for k in range(kernel_h);
    columns alike.
    """

    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    pad_top: int
    pad_left: int


@dataclass(frozen=True)
class Requantization:
    """int32 sums to int8: multiplier, shift and bias for each output channel, int [C]; then the activation's
    clamp.
    """

    bias: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    clamp_min: int
    clamp_max: int


def _padding(size_in: int, size_out: int, kernel: int, stride: int, dilation: int) -> int:
    """Pixels before the image with padding SAME: TFLite's ComputePadding, the odd one goes behind."""
    return max((size_out - 1) * stride + (kernel - 1) * dilation + 1 - size_in, 0) // 2


def _size(size_in: int, kernel: int, stride: int, dilation: int, same: bool) -> int:
    """Output size of a window over `size_in` pixels: TFLite's ComputeOutSize."""
    covered = 1 if same else (kernel - 1) * dilation + 1
    return (size_in - covered) // stride + 1


def window_of(operator: Operator) -> Window:
    """The window of a convolution or pool. Raises ModelError when the output's shape does not follow from
    it.
    """
    options = operator.options
    if operator.kind == "CONV_2D":
        kernel_h, kernel_w = operator.inputs[1].shape[1:3]
    else:
        kernel_h, kernel_w = options["kernel_h"], options["kernel_w"]
    stride_h, stride_w = options["stride_h"], options["stride_w"]
    dilation_h, dilation_w = options.get("dilation_h", 1), options.get("dilation_w", 1)
    if min(kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w) < 1:
        raise ModelError(f"{operator} has a kernel, stride or dilation below 1")
    same = options["padding"] == "SAME"
    in_h, in_w, _ = operator.inputs[0].rows
    out_h, out_w, _ = operator.output.rows
    expected = (
        _size(in_h, kernel_h, stride_h, dilation_h, same),
        _size(in_w, kernel_w, stride_w, dilation_w, same),
    )
    if (out_h, out_w) != expected:
        raise ModelError(f"{operator} makes {out_h} x {out_w} pixels, expected {expected[0]} x {expected[1]}")
    return Window(
        kernel_h=kernel_h,
        kernel_w=kernel_w,
        stride_h=stride_h,
        stride_w=stride_w,
        dilation_h=dilation_h,
        dilation_w=dilation_w,
        pad_top=_padding(in_h, out_h, kernel_h, stride_h, dilation_h) if same else 0,
        pad_left=_padding(in_w, out_w, kernel_w, stride_w, dilation_w) if same else 0,
    )


def clamp_of(operator: Operator) -> tuple[int, int]:
    """The int8 range of the operator's fused activation. Raises ModelError for an activation that is no
    clamp.
    """
    activation = operator.options["activation"]
    try:
        return activation_range(activation, operator.output.tensor_scale, operator.output.zero_point)
    except KeyError:
        raise ModelError(
            f"{operator} has the fused activation {activation}, which is not supported"
        ) from None


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


def _real_multipliers(operator: Operator, source: Tensor, weights: Tensor) -> list[float]:
    """input scale * weight scale / output scale of each output channel, computed in double as TFLite does."""
    channels = operator.output.rows[2]
    scale_in, scale_out = source.tensor_scale, float(operator.output.tensor_scale)
    if operator.kind == "FULLY_CONNECTED" and len(weights.scale) == 1:
        # Only here the product of the scales is a float32: TFLite's GetQuantizedConvolutionMultipler.
        return [float(scale_in * np.float32(weights.scale[0])) / scale_out] * channels
    scales = np.broadcast_to(weights.scale, channels)
    return [float(scale_in) * float(scale) / scale_out for scale in scales]


def check_operators(graph: Graph) -> None:
    """Raises ModelError naming every operator that Convlet does not have, or the first that it cannot take
    as it is.
    """
    missing = [
        operator for operator in graph.operators if operator.kind not in OP or operator.kind == "INPUT"
    ]
    if missing:
        names = ", ".join(str(operator) for operator in missing)
        known = ", ".join(name for name in OP if name != "INPUT")
        raise ModelError(f"not supported yet: {names}. Supported: {known}")
    for operator in graph.operators:
        if operator.inputs[0].data is not None:
            raise ModelError(f"{operator} reads a constant, expected a computed tensor")
        if operator.kind in WEIGHTED:
            _check_weights(operator)
        elif operator.kind == "RESHAPE" and operator.inputs[0].rows != operator.output.rows:
            _check_same_size(operator)


def _check_same_size(operator: Operator) -> None:
    sizes = [int(np.prod(tensor.rows)) for tensor in (operator.inputs[0], operator.output)]
    if sizes[0] != sizes[1]:
        raise ModelError(f"{operator} makes {sizes[1]} values of {sizes[0]}")


def _check_weights(operator: Operator) -> None:
    if not 2 <= len(operator.inputs) <= 3 or any(tensor.data is None for tensor in operator.inputs[1:]):
        raise ModelError(f"{operator} needs constant weights and at most one constant bias")
    source, weights, *rest = operator.inputs
    channels = operator.output.rows[2]
    if weights.constant.dtype != np.int8 or any(bias.constant.dtype != np.int32 for bias in rest):
        found = ", ".join(str(tensor.constant.dtype) for tensor in (weights, *rest))
        raise ModelError(f"{operator} has constants of type {found}, expected int8 weights and an int32 bias")
    if weights.zero_point != 0 or len(weights.scale) not in (1, channels):
        raise ModelError(
            f"{operator} has weights with {len(weights.scale)} scales and zero point {weights.zero_point}, "
            f"expected 1 or {channels} scales and zero point 0"
        )
    expected = _weights_shape(operator, source)
    if weights.shape != expected or any(bias.shape != (channels,) for bias in rest):
        raise ModelError(f"{operator} has weights of shape {list(weights.shape)}, expected {list(expected)}")


def _weights_shape(operator: Operator, source: Tensor) -> tuple[int, ...]:
    height, width, channels_in = source.rows
    out_h, out_w, channels = operator.output.rows
    weights = operator.inputs[1]
    if operator.kind == "CONV_2D":
        kernel = weights.shape[1:3] if len(weights.shape) == 4 else (0, 0)
        return (channels, *kernel, channels_in)
    count = height * width * channels_in // (out_h * out_w)
    return (channels, count)
