"""A model as TFLite describes it: operators that read and make int8 tensors of one image."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convlet.quantization import dequantize, quantize

Shape = tuple[int, int, int]  # height, width, channels
FullShape = tuple[int, ...]  # as it stands in the file, with the batch


@dataclass(eq=False)
class Tensor:
    """An int8 tensor, or a constant.

    `shape` is the tensor's without its batch, which is 1 but where `passes.fold_space_to_batch` comes to remove it;
    None stands for a tensor without that axis. `scale` and `zero_point` hold one value, or one for each channel of
    the weights; `data` is the constant's array as TFLite stores it, None for a tensor that is computed. `type` has
    TFLite's name: only shape arithmetic has others than INT8. `channel_scale`: the scales are channels' own, also
    where a single channel is left. `open_axes`: of the full shape, those whose length the file leaves open.
    """

    name: str
    shape: tuple[int, ...]
    scale: np.ndarray
    zero_point: int
    data: np.ndarray | None = None
    batch: int | None = 1
    type: str = "INT8"
    channel_scale: bool = False
    open_axes: tuple[int, ...] = ()

    @property
    def full_shape(self) -> FullShape:
        """The shape as it stands in the file."""
        return self.shape if self.batch is None else (self.batch, *self.shape)

    @property
    def rows(self) -> Shape:
        """Height, width, channels: missing ones in front are 1, so that a vector is one pixel; more of them make
        more rows.
        """
        *heights, width, channels = (1, 1, *self.shape)
        return math.prod(heights), width, channels

    def is_like(self, other: Tensor) -> bool:
        """Whether the same int8 value means the same in both."""
        return self.zero_point == other.zero_point and self.tensor_scale == other.tensor_scale

    @property
    def constant(self) -> np.ndarray:
        """The constant's array. Raises AssertionError for a computed tensor."""
        assert self.data is not None, self.name
        return self.data

    @property
    def tensor_scale(self) -> np.float32:
        """The scale of a tensor that has one for all its values."""
        return np.float32(self.scale[0])

    def quantize(self, real: np.ndarray) -> np.ndarray:
        """What the tensor holds, int8, for float32 `real` of any shape. See `quantization.quantize`."""
        return quantize(real, float(self.tensor_scale), self.zero_point)

    def dequantize(self, stored: np.ndarray) -> np.ndarray:
        """The real values, float32, of int8 `stored` of any shape."""
        return dequantize(stored, float(self.tensor_scale), self.zero_point)


def batch_and_shape(full_shape: FullShape) -> tuple[int | None, tuple[int, ...]]:
    """The fields `batch` and `shape` of a tensor: a first axis of 1 is its batch, where it has others."""
    has_batch = len(full_shape) > 1 and full_shape[0] == 1
    return (1, full_shape[1:]) if has_batch else (None, full_shape)


@dataclass(eq=False)
class Operator:
    """An operator as it stands in the file; `kind` and `options` have TFLite's names."""

    kind: str
    position: int
    inputs: list[Tensor]
    output: Tensor
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def computed(self) -> list[Tensor]:
        """Its inputs that are not constants."""
        return [tensor for tensor in self.inputs if tensor.data is None]

    def __str__(self) -> str:
        return f"operator {self.position} ({self.kind})"


@dataclass(frozen=True)
class Change:
    """What one pass did: in words, and a line for each time."""

    title: str
    details: list[str]


@dataclass(eq=False)
class Graph:
    """Operators in an order in which each reads only what earlier ones made.

    `remembers`: the model keeps something from one invocation to the next, so that it can run as a stream only.
    `is_open`: the file leaves shapes open, and has others in their place. `changes`: what passes did to the graph.
    `notes`: what the user must know of it.
    """

    inputs: list[Tensor]
    outputs: list[Tensor]
    operators: list[Operator]
    remembers: bool = False
    is_open: bool = False
    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def readers(self, tensor: Tensor) -> list[Operator]:
        """The operators that read `tensor`."""
        return [operator for operator in self.operators if tensor in operator.inputs]

    def maker(self, tensor: Tensor) -> Operator | None:
        """The operator that makes `tensor`; None for an input or a constant."""
        return next((operator for operator in self.operators if operator.output is tensor), None)

    def replace(self, old: Tensor, new: Tensor) -> None:
        """Let all that read `old` read `new`, also where it is an output."""
        for operator in self.operators:
            operator.inputs = [new if tensor is old else tensor for tensor in operator.inputs]
        self.outputs = [new if tensor is old else tensor for tensor in self.outputs]
