"""Builds int8 `.tflite` models of several layers in a row, the same bytes on every machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from convlet.graph import Graph
from convlet.passes import simplify
from convlet.program import Program, lower
from convlet.tflite_reader import read_tflite
from convlet.vectors import seeded_image
from operator_models import ACTIVATIONS, PADDINGS
from tflite_builder import Builder

Pair = tuple[int, int]


class Chain:
    """A model that grows layer by layer; each layer reads the one before it. Weights are a hash of `seed`."""

    def __init__(
        self, shape: tuple[int, int, int], seed: int = 1, scale: float = 1 / 255, zero_point: int = -128
    ) -> None:
        self.builder, self.shape, self.seed = Builder(), shape, seed
        self.scale, self.zero_point = scale, zero_point
        self.input = self.tensor = self.builder.tensor((1, *shape), self.scale, self.zero_point)

    def conv(
        self,
        channels: int,
        kernel: Pair = (3, 3),
        stride: Pair = (1, 1),
        padding: str = "VALID",
        groups: int = 1,
    ) -> Chain:
        shape = (*self._window(kernel, stride, padding), channels)
        fields = self._window_fields(stride, padding, "RELU")
        weights = (channels, *kernel, self.shape[2] // groups)
        return self._weighted("CONV_2D", weights, shape, "Conv2DOptions", **fields)

    def depthwise(
        self, multiplier: int = 1, kernel: Pair = (3, 3), stride: Pair = (1, 1), padding: str = "SAME"
    ) -> Chain:
        channels = self.shape[2] * multiplier
        shape = (*self._window(kernel, stride, padding), channels)
        fields = self._window_fields(stride, padding, "RELU") | {"DepthMultiplier": multiplier}
        weights = (1, *kernel, channels)
        return self._weighted("DEPTHWISE_CONV_2D", weights, shape, "DepthwiseConv2DOptions", 3, **fields)

    def transpose_conv(self, channels: int, kernel: Pair = (3, 3), stride: Pair = (2, 2)) -> Chain:
        """With padding SAME: an output pixel for each pixel that the strides put between."""
        shape = (self.shape[0] * stride[0], self.shape[1] * stride[1], channels)
        fields = self._window_fields(stride, "SAME", "NONE")
        shape_tensor = self.builder.constant(np.array([1, *shape], np.int32))
        weights = (channels, *kernel, self.shape[2])
        return self._weighted(
            "TRANSPOSE_CONV", weights, shape, "TransposeConvOptions", before=shape_tensor, **fields
        )

    def dense(self, channels: int) -> Chain:
        weights = (channels, math.prod(self.shape))
        return self._weighted("FULLY_CONNECTED", weights, (channels,), "FullyConnectedOptions")

    def max_pool(self, kernel: Pair = (2, 2), stride: Pair = (2, 2), padding: str = "VALID") -> Chain:
        return self._pool("MAX_POOL_2D", kernel, stride, padding)

    def average_pool(self, kernel: Pair = (2, 2), stride: Pair = (2, 2), padding: str = "VALID") -> Chain:
        return self._pool("AVERAGE_POOL_2D", kernel, stride, padding)

    def reduce(self, kind: str, axes: Sequence[int]) -> Chain:
        """A MEAN, SUM or REDUCE_MAX that keeps the axes: 1 is the height, 2 the width, 3 the channels."""
        height, width, channels = (1 if i + 1 in axes else n for i, n in enumerate(self.shape))
        constant = self.builder.constant(np.array(axes, np.int32))
        return self._layer(kind, [constant], (height, width, channels), "ReducerOptions", KeepDims=True)

    def _pool(self, kind: str, kernel: Pair, stride: Pair, padding: str) -> Chain:
        shape = (*self._window(kernel, stride, padding), self.shape[2])
        fields = self._window_fields(stride, padding, "NONE")
        fields |= {"FilterHeight": kernel[0], "FilterWidth": kernel[1]}
        return self._layer(kind, [], shape, "Pool2DOptions", **fields)

    def pad(self, height: Pair = (0, 0), width: Pair = (0, 0), channels: Pair = (0, 0)) -> Chain:
        pads = np.array([(0, 0), height, width, channels], np.int32)
        made = [size + before + behind for size, (before, behind) in zip(self.shape, pads[1:], strict=True)]
        return self._layer("PAD", [self.builder.constant(pads)], tuple(made), "PadOptions")

    def transpose(self, *order: int) -> Chain:
        """`order` of height, width and channels: 0, 1, 2."""
        axes = self.builder.constant(np.array([0, *(axis + 1 for axis in order)], np.int32))
        return self._layer("TRANSPOSE", [axes], tuple(self.shape[axis] for axis in order), "TransposeOptions")

    def resize(self, height: int, width: int) -> Chain:
        """Bilinear, between the centres of pixels."""
        size = self.builder.constant(np.array([height, width], np.int32))
        fields = {"HalfPixelCenters": True}
        return self._layer(
            "RESIZE_BILINEAR", [size], (height, width, self.shape[2]), "ResizeBilinearOptions", **fields
        )

    def space_to_depth(self, block: int) -> Chain:
        height, width, channels = self.shape
        shape = (height // block, width // block, channels * block**2)
        return self._layer("SPACE_TO_DEPTH", [], shape, "SpaceToDepthOptions", BlockSize=block)

    def joined_with_itself(self, axis: int) -> Chain:
        """A CONCATENATION of the last tensor and a copy of it: 1 for height, 2 for width, 3 for channels."""
        shape = [size * (1 + (axis == i)) for i, size in enumerate(self.shape, 1)]
        return self._layer("CONCATENATION", [self.tensor], tuple(shape), "ConcatenationOptions", Axis=axis)

    def function(
        self, kind: str, scale: float | None = None, zero_point: int | None = None, **fields: float
    ) -> Chain:
        """A function of one value, such as RELU; its output keeps scale and zero point unless told others."""
        self.scale = self.scale if scale is None else scale
        self.zero_point = self.zero_point if zero_point is None else zero_point
        # TFLite has no options table for most of them; an empty one does no harm.
        options = "LeakyReluOptions" if kind == "LEAKY_RELU" else "AbsOptions"
        return self._layer(kind, [], self.shape, options, **fields)

    def reshape(self, *shape: int) -> Chain:
        return self._layer("RESHAPE", [], shape, "ReshapeOptions")

    def build(self) -> bytes:
        return self.builder.build([self.input], [self.tensor])

    def _window(self, kernel: Pair, stride: Pair, padding: str) -> Pair:
        lost = (0, 0) if padding == "SAME" else (kernel[0] - 1, kernel[1] - 1)
        height, width = (-(-(self.shape[axis] - lost[axis]) // stride[axis]) for axis in (0, 1))
        return height, width

    @staticmethod
    def _window_fields(stride: Pair, padding: str, activation: str) -> dict[str, int]:
        return {
            "Padding": PADDINGS[padding],
            "StrideH": stride[0],
            "StrideW": stride[1],
            "FusedActivationFunction": ACTIVATIONS[activation],
        }

    def _random(self, *shape: int) -> np.ndarray:
        self.seed += 1
        return seeded_image(self.seed, math.prod(shape)).reshape(shape)

    def _weighted(
        self,
        kind: str,
        weights: tuple[int, ...],
        shape: tuple[int, ...],
        options: str,
        axis: int = 0,
        before: int | None = None,
        **fields: int,
    ) -> Chain:
        """`axis`: of the weights' channels; `before`: a tensor before the weights, with the input behind them."""
        channels = weights[axis]
        count = math.prod(weights) // channels
        scales = [float(np.float32(2**-8 * (1 + c / channels))) for c in range(channels)]
        values = self._random(*weights).clip(-127, 127)
        bias = self._random(channels).astype(np.int32) * 64
        inputs = [
            self.builder.constant(values, scales, axis),
            self.builder.constant(bias, [self.scale * s for s in scales]),
        ]
        self.scale *= 2**-8 * 74 * math.sqrt(count)
        self.zero_point = int(self._random(1)[0])
        inputs = [self.tensor, *inputs] if before is None else [before, inputs[0], self.tensor, *inputs[1:]]
        return self._add(kind, inputs, shape, options, **fields)

    def _layer(
        self, kind: str, inputs: list[int], shape: tuple[int, ...], options: str, **fields: int
    ) -> Chain:
        return self._add(kind, [self.tensor, *inputs], shape, options, **fields)

    def _add(
        self, kind: str, inputs: list[int], shape: tuple[int, ...], options: str, **fields: int
    ) -> Chain:
        result = self.builder.tensor((1, *shape), self.scale, self.zero_point)
        self.builder.operator(kind, inputs, result, options, **fields)
        self.tensor, (_, *rows) = result, (1, 1, 1, *shape)
        self.shape = (rows[-3], rows[-2], rows[-1])
        return self


def digits_chain() -> Chain:
    """The layers of the digits model, with other weights."""
    return Chain((8, 8, 1)).conv(8).max_pool().reshape(72).dense(10)


def handing_through(count: int, scale: float, zero_point: int) -> bytes:
    """A model of `count` values that gives what it gets: a max pool of 1 x 1 pixels."""
    return Chain((1, 1, count), scale=scale, zero_point=zero_point).max_pool((1, 1), (1, 1)).build()


def padded_chain() -> Chain:
    """Padding on all sides, strides, an odd image, a RESHAPE that cannot be dropped."""
    chain = Chain((9, 7, 3), seed=100).conv(5, (3, 3), (2, 1), "SAME").max_pool((3, 3), (2, 2), "SAME")
    return chain.reshape(4, 3, 5).conv(4, (3, 2), (1, 1), "SAME").dense(7)


def windows_chain() -> Chain:
    """Windows of every kind: groups, depthwise with one filter and with several, transposed, averages that overlap."""
    chain = Chain((9, 8, 4), seed=200).conv(8, (3, 2), (1, 1), "SAME", groups=2).depthwise(stride=(2, 1))
    chain = chain.transpose_conv(3, (3, 3), (2, 2)).depthwise(2, (2, 2)).average_pool((3, 2), (2, 2), "SAME")
    return chain.depthwise(1, (3, 5)).reduce("REDUCE_MAX", [3]).dense(6)


def reductions_chain() -> Chain:
    """What accumulates: pools whose windows lie side by side, sums over the height, a dense layer; and row by row."""
    chain = Chain((20, 9, 5), seed=300).max_pool((2, 2), (2, 2), "SAME").average_pool((5, 3), (5, 2))
    chain = chain.conv(6, (1, 2)).reduce("SUM", [2]).conv(4, (1, 1)).dense(12).reshape(3, 4, 1)
    return chain.reduce("MEAN", [1, 3])


def moved_chain() -> Chain:
    """Every way of moving values that the engine has."""
    chain = Chain((8, 12, 2), seed=7).space_to_depth(2).pad((1, 0), (2, 1), (0, 3)).joined_with_itself(1)
    chain = chain.resize(7, 5).joined_with_itself(2).max_pool((3, 3), (2, 2), "SAME").joined_with_itself(3)
    return chain.transpose(2, 0, 1).pad((0, 0), (1, 2), (1, 1)).conv(3).dense(4)


def program_of(chain: Chain) -> Program:
    """The chain as the engine runs it."""
    graph = read_tflite(chain.build())
    simplify(graph)
    return lower(graph)


def stream_chain(steps: int, seed: int = 11) -> Chain:
    """For a stream of 6 channels: causal convolutions, one with a stride inside, and a dense layer on a few steps."""
    chain = Chain((1, steps, 6), seed=seed).pad(width=(2, 0)).conv(8, (1, 3))
    chain.pad(width=(3, 0)).depthwise(1, (1, 4), padding="VALID").conv(5, (1, 1))
    return chain.pad(width=(1, 0)).average_pool((1, 2), (1, 1)).conv(3, (1, 1))


def kinds_after(chain: Chain, change: Callable[[Graph], object] = simplify) -> tuple[Graph, list[str]]:
    """The graph of the chain after one pass, or all, and the kinds of its operators."""
    graph = read_tflite(chain.build())
    change(graph)
    return graph, [operator.kind for operator in graph.operators]
