"""What convolutions and dense layers share: constant weights, folded biases, one table for each channel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convlet.errors import ModelError
from convlet.graph import Operator, Tensor
from convlet.node import Node, Window
from convlet.ops.requantization import Requantization, requantization_of


def check_weights(operator: Operator) -> None:
    """Raises ModelError unless the operator has int8 weights, and at most an int32 bias, as TFLite quantises them."""
    if not 2 <= len(operator.inputs) <= 3 or any(tensor.data is None for tensor in operator.inputs[1:]):
        raise ModelError(f"{operator} needs constant weights and at most one constant bias")
    source, weights, *rest = operator.inputs
    if source.data is not None:
        raise ModelError(f"{operator} reads a constant, expected a computed tensor")
    channels = operator.output.rows[2]
    if weights.constant.dtype != np.int8 or any(bias.constant.dtype != np.int32 for bias in rest):
        found = ", ".join(str(tensor.constant.dtype) for tensor in (weights, *rest))
        raise ModelError(f"{operator} has constants of type {found}, expected int8 weights and an int32 bias")
    if weights.zero_point != 0 or len(weights.scale) not in (1, channels):
        raise ModelError(
            f"{operator} has weights with {len(weights.scale)} scales and zero point {weights.zero_point}, "
            f"expected 1 or {channels} scales and zero point 0"
        )
    if any(bias.shape != (channels,) for bias in rest):
        raise ModelError(f"{operator} has a bias of shape {list(rest[0].shape)}, expected [{channels}]")


def check_shape(operator: Operator, expected: tuple[int, ...]) -> None:
    """Raises ModelError unless the weights have the expected shape."""
    found = operator.inputs[1].shape
    if found != expected:
        raise ModelError(f"{operator} has weights of shape {list(found)}, expected {list(expected)}")


def lower_weighted(
    kind: str, operator: Operator, sources: tuple[int, ...], window: Window, weights: np.ndarray
) -> Node:
    """The node of an operator whose weights, in the order in which the kernel reads them, begin with the channel."""
    requantization = requantization_of(operator)
    zero_point = operator.inputs[0].zero_point
    per_channel = weights.reshape(weights.shape[0], -1).astype(np.int64).sum(axis=1)
    bias = requantization.bias - zero_point * per_channel
    if np.abs(bias).max() >= 2**31:
        raise ModelError(f"{operator} has a bias of {int(np.abs(bias).max())}, which does not fit 32 bits")
    height, width, _ = operator.output.rows
    return Node(
        kind,
        operator.output,
        sources,
        window,
        zero_point_in=zero_point,
        clamp_min=requantization.clamp_min,
        clamp_max=requantization.clamp_max,
        weights=weights.tobytes(),
        table=channel_table(requantization, bias),
        macs=height * width * weights.size,
    )


def turned_weights(weights: Tensor) -> Tensor:
    """Weights [a, height, width, b] as [a, width, height, b]."""
    first, height, width, last = weights.shape
    return replace(weights, shape=(first, width, height, last), data=np.swapaxes(weights.constant, 1, 2))


def taken_channels(constant: Tensor, kept: np.ndarray, axis: int) -> Tensor:
    """Weights or biases with the channels `kept` only, numbers along `axis`, and their scales."""
    data = constant.constant.take(kept, axis)
    if len(constant.scale) <= 1:
        return replace(constant, shape=data.shape, data=data)
    return replace(constant, shape=data.shape, data=data, scale=constant.scale[kept], channel_scale=True)


def channel_table(requantization: Requantization, bias: np.ndarray) -> bytes:
    """The per-channel table: int32 biases, int32 multipliers, int8 shifts."""
    parts = bias.astype("<i4"), requantization.multiplier.astype("<i4"), requantization.shift.astype(np.int8)
    return b"".join(part.tobytes() for part in parts)
