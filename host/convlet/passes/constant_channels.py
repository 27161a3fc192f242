"""Channels that have the same value in every image go: layers behind them take what they add into their biases.

Behind a ReLU many a channel of a trained model is dead. That its value is constant is proved with intervals: from the
least and greatest value of each channel of a layer's input follow those of its sums, and rounding keeps their order.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convlet.graph import Graph, Operator, Tensor
from convlet.ops import table_of
from convlet.ops.requantization import clamp_of, requantization_of
from convlet.ops.weights import taken_channels
from convlet.ops.window import window_of
from convlet.quantization import INT8_MAX, INT8_MIN, requantize

Bounds = tuple[np.ndarray, np.ndarray]  # the least and greatest value of each channel, int64[C] each

_POOLS = ("MAX_POOL_2D", "AVERAGE_POOL_2D")
_BLOCK = 4  # channels that kernels take together: where it divides their number, it shall do so afterwards


def drop_constant_channels(graph: Graph) -> list[str]:
    """Remove channels, from the convolution or dense layer that makes them to the ones behind it that sum them up."""
    bounds = channel_bounds(graph)
    done = []
    for maker in graph.operators:
        if not _sums_channels(maker):
            continue
        region = _Region(graph, maker)
        dropped = region.droppable(bounds)
        if dropped.size:
            total = maker.output.rows[2]
            region.drop(dropped, bounds)
            done.append(f"{dropped.size} of {total} channels of {maker}")
    return done


def channel_bounds(graph: Graph) -> dict[Tensor, Bounds]:
    """Bounds of all tensors of the graph."""
    bounds = {tensor: _all_values(tensor) for tensor in graph.inputs}
    for operator in graph.operators:
        bounds[operator.output] = _bounds_of(operator, bounds)
    return bounds


def _all_values(tensor: Tensor) -> Bounds:
    channels = tensor.rows[2]
    return np.full(channels, INT8_MIN, np.int64), np.full(channels, INT8_MAX, np.int64)


def _bounds_of(operator: Operator, bounds: dict[Tensor, Bounds]) -> Bounds:
    source = operator.computed[0]
    if _sums_channels(operator) or _is_depthwise(operator):
        return _bounds_of_sums(operator, bounds[source])
    table = table_of(operator)
    if table is not None:
        whole = table.astype(
            np.int64
        )  # some are float32 with whole numbers in them, or int8, which overflows here
        pairs = zip(*bounds[source], strict=True)
        reached = [whole[low - INT8_MIN : high - INT8_MIN + 1] for low, high in pairs]
        return np.array([x.min() for x in reached]), np.array([x.max() for x in reached])
    if operator.kind in _POOLS:
        low, high = clamp_of(operator)
        return bounds[source][0].clip(low, high), bounds[source][1].clip(low, high)
    return _all_values(operator.output)


def _sums_channels(operator: Operator) -> bool:
    """Whether every output channel is a sum over all channels of the input."""
    source, channels = operator.inputs[0], operator.output.rows[2]
    if operator.kind == "CONV_2D":
        return operator.inputs[1].shape[3] == source.rows[2]
    return operator.kind == "FULLY_CONNECTED" and operator.output.rows == (1, 1, channels)


def _is_depthwise(operator: Operator) -> bool:
    return operator.kind == "DEPTHWISE_CONV_2D" and operator.options["multiplier"] == 1


def _acts_on_channels(operator: Operator) -> bool:
    """Whether every output channel depends on the same channel of the only input."""
    return _is_depthwise(operator) or operator.kind in _POOLS or table_of(operator) is not None


def _by_channel(operator: Operator) -> np.ndarray:
    """int64[C_out, positions, C_in] weights of what sums channels; int64[C, positions, 1] of a depthwise one."""
    weights = operator.inputs[1].constant.astype(np.int64)
    if operator.kind == "DEPTHWISE_CONV_2D":
        return np.moveaxis(weights, 3, 0).reshape(weights.shape[3], -1, 1)
    return weights.reshape(weights.shape[0], -1, operator.inputs[0].rows[2])


def _bounds_of_sums(operator: Operator, bounds: Bounds) -> Bounds:
    quantization, zero_point = requantization_of(operator), operator.inputs[0].zero_point
    low, high = (bound - zero_point for bound in bounds)
    if _pads(operator):
        low, high = np.minimum(low, 0), np.maximum(high, 0)
    weights = _by_channel(operator)
    above, below = weights.clip(min=0).sum(axis=1), weights.clip(max=0).sum(axis=1)
    if _is_depthwise(operator):
        low, high = low[:, None], high[:, None]
    sums = (
        np.stack([(above * low + below * high).sum(axis=1), (above * high + below * low).sum(axis=1)])
        + quantization.bias
    )
    fits = (abs(sums) << quantization.shift.clip(min=0)).max(axis=0) < 2**31
    values = requantize(sums, quantization.multiplier, quantization.shift) + operator.output.zero_point
    # Where 32 bits do not hold the sums, or the multiplier turns their order, nothing is known.
    known = fits & (quantization.multiplier >= 0)
    values = np.where(known, values, np.array([[INT8_MIN], [INT8_MAX]]))
    values = values.clip(quantization.clamp_min, quantization.clamp_max)
    return values[0], values[1]


def _pads(operator: Operator) -> bool:
    """Whether a window of the layer reaches beyond its input."""
    if operator.kind == "FULLY_CONNECTED":
        return False
    kernel_h, kernel_w = operator.inputs[1].shape[1:3]
    window = window_of(operator, kernel_h, kernel_w)
    (in_h, in_w, _), (out_h, out_w, _) = operator.inputs[0].rows, operator.output.rows
    bottom = (out_h - 1) * window.stride_h + (kernel_h - 1) * window.dilation_h - window.pad_top
    right = (out_w - 1) * window.stride_w + (kernel_w - 1) * window.dilation_w - window.pad_left
    return window.pad_top > 0 or window.pad_left > 0 or bottom >= in_h or right >= in_w


class _Region:
    """Tensors that must have the same channels: what `maker` makes, and what operators on single channels make of it.

    `inner` are these operators; `readers` the others that read one of the tensors.
    """

    def __init__(self, graph: Graph, maker: Operator) -> None:
        self.maker = maker
        self.tensors = [maker.output]
        self.inner: list[Operator] = []
        self.readers: list[Operator] = []
        for tensor in self.tensors:  # which grows
            for reader in graph.readers(tensor):
                if _acts_on_channels(reader):
                    self.inner.append(reader)
                    self.tensors.append(reader.output)
                else:
                    self.readers.append(reader)
        self.has_output = any(tensor in graph.outputs for tensor in self.tensors)

    def droppable(self, bounds: dict[Tensor, Bounds]) -> np.ndarray:
        """The channels, in order, that no reader needs."""
        count = self.maker.output.rows[2]
        if self.has_output or not all(_sums_channels(reader) for reader in self.readers):
            return np.zeros(0, np.int64)
        unneeded = np.ones(count, bool)
        for reader in self.readers:
            low, high = bounds[reader.inputs[0]]
            unneeded &= low == high
            if _pads(reader):
                unneeded &= low == reader.inputs[0].zero_point
        channels = np.flatnonzero(unneeded)
        block = 1 if count % _BLOCK else _BLOCK
        kept = max(-(-(count - channels.size) // block), 1) * block
        dropped = channels[: count - kept]
        return dropped if all(_fits(reader, dropped, bounds) for reader in self.readers) else dropped[:0]

    def drop(self, dropped: np.ndarray, bounds: dict[Tensor, Bounds]) -> None:
        """Remove these channels."""
        kept = np.delete(np.arange(self.maker.output.rows[2]), dropped)
        for reader in self.readers:
            source, weights = reader.inputs[:2]
            bias = _bias_without(reader, dropped, bounds)
            name = f"{weights.name} (bias)" if len(reader.inputs) == 2 else reader.inputs[2].name
            fewer = np.delete(_by_channel(reader), dropped, axis=2).astype(np.int8)
            shape = (*weights.shape[:-1], weights.shape[-1] // source.rows[2] * kept.size)
            reader.inputs[1] = replace(weights, shape=shape, data=fewer.reshape(shape))
            reader.inputs[2:] = [
                Tensor(name, bias.shape, weights.scale, 0, bias.astype(np.int32), None, "INT32")
            ]
        for operator in [self.maker, *filter(_is_depthwise, self.inner)]:
            axis = 3 if operator.kind == "DEPTHWISE_CONV_2D" else 0
            operator.inputs[1:] = [
                taken_channels(operator.inputs[1], kept, axis),
                *(taken_channels(bias, kept, 0) for bias in operator.inputs[2:]),
            ]
        for tensor in self.tensors:
            tensor.shape = (*tensor.shape[:-1], kept.size)


def _bias_without(reader: Operator, dropped: np.ndarray, bounds: dict[Tensor, Bounds]) -> np.ndarray:
    """int64[C_out]: the biases with what the dropped channels of the input add to every sum."""
    source = reader.inputs[0]
    values = bounds[source][0][dropped] - source.zero_point
    return requantization_of(reader).bias + _by_channel(reader)[:, :, dropped].sum(axis=1) @ values


def _fits(reader: Operator, dropped: np.ndarray, bounds: dict[Tensor, Bounds]) -> bool:
    """Whether 32 bits hold its new biases, also with a zero point folded into them."""
    greatest = abs(_by_channel(reader)).sum(axis=(1, 2)) * -INT8_MIN
    return bool((abs(_bias_without(reader, dropped, bounds)) + greatest).max() < 2**31)
