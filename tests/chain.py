"""Builds int8 `.tflite` models of several layers in a row, the same bytes on every machine."""

from __future__ import annotations

import math

import numpy as np
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
        self, channels: int, kernel: Pair = (3, 3), stride: Pair = (1, 1), padding: str = "VALID"
    ) -> Chain:
        shape = (*self._window(kernel, stride, padding), channels)
        fields = self._window_fields(stride, padding, "RELU")
        weights = (channels, *kernel, self.shape[2])
        return self._weighted("CONV_2D", weights, shape, "Conv2DOptions", **fields)

    def dense(self, channels: int) -> Chain:
        weights = (channels, math.prod(self.shape))
        return self._weighted("FULLY_CONNECTED", weights, (channels,), "FullyConnectedOptions")

    def max_pool(self, kernel: Pair = (2, 2), stride: Pair = (2, 2), padding: str = "VALID") -> Chain:
        shape = (*self._window(kernel, stride, padding), self.shape[2])
        fields = self._window_fields(stride, padding, "NONE")
        fields |= {"FilterHeight": kernel[0], "FilterWidth": kernel[1]}
        return self._layer("MAX_POOL_2D", [], shape, "Pool2DOptions", **fields)

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
        self, kind: str, weights: tuple[int, ...], shape: tuple[int, ...], options: str, **fields: int
    ) -> Chain:
        channels, count = weights[0], math.prod(weights[1:])
        scales = [float(np.float32(2**-8 * (1 + c / channels))) for c in range(channels)]
        values = self._random(*weights).clip(-127, 127)
        bias = self._random(channels).astype(np.int32) * 64
        inputs = [
            self.builder.constant(values, scales),
            self.builder.constant(bias, [self.scale * s for s in scales]),
        ]
        self.scale *= 2**-8 * 74 * math.sqrt(count)
        self.zero_point = int(self._random(1)[0])
        return self._layer(kind, inputs, shape, options, **fields)

    def _layer(
        self, kind: str, inputs: list[int], shape: tuple[int, ...], options: str, **fields: int
    ) -> Chain:
        result = self.builder.tensor((1, *shape), self.scale, self.zero_point)
        self.builder.operator(kind, [self.tensor, *inputs], result, options, **fields)
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


def program_of(chain: Chain) -> Program:
    """The chain as the engine runs it."""
    graph = read_tflite(chain.build())
    simplify(graph)
    return lower(graph)
