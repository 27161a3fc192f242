"""A model as the engine runs it: the graph lowered to nodes whose numbers are final."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from convlet.errors import ModelError
from convlet.format import (
    KERNEL_ALL,
    MAX_INPUTS,
    MAX_KERNEL_BYTES,
    MAX_KERNEL_H,
    MAX_TENSOR_VALUES,
    NO_OPERATOR,
)
from convlet.graph import Graph, Operator, Shape, Tensor
from convlet.operators import Requantization, Window, clamp_of, requantization_of, window_of
from convlet.quantization import INT8_MAX, INT8_MIN

ONE_PIXEL = Window(1, 1, 1, 1, 1, 1, 0, 0)
WHOLE_INPUT = Window(KERNEL_ALL, KERNEL_ALL, 1, 1, 1, 1, 0, 0)


@dataclass(frozen=True)
class Node:
    """One operator of the engine and the tensor that it makes; the fields are those of format.OPERATOR.

    `weights` and `table` are the bytes that those fields point to.
    """

    kind: str
    tensor: Tensor
    source: int | None = None  # index of the node that it reads
    window: Window = ONE_PIXEL
    zero_point_in: int = 0
    clamp_min: int = INT8_MIN
    clamp_max: int = INT8_MAX
    weights: bytes = b""
    table: bytes = b""

    @property
    def shape(self) -> Shape:
        return self.tensor.rows

    @property
    def row_bytes(self) -> int:
        return self.shape[1] * self.shape[2]

    def rows_needed(self, row: int, source_height: int) -> int:
        """How many rows its source must have made before it makes `row`; `engine/internal.h` has the same."""
        if self.window.kernel_h == KERNEL_ALL:
            return source_height
        first = row * self.window.stride_h - self.window.pad_top
        last = first + (self.window.kernel_h - 1) * self.window.dilation_h
        return max(min(last, source_height - 1) + 1, 0)

    def rows_read(self, row: int, source_height: int) -> list[int]:
        """The rows of its source that it reads to make `row`."""
        if self.window.kernel_h == KERNEL_ALL:
            return list(range(source_height))
        first = row * self.window.stride_h - self.window.pad_top
        rows = (first + k * self.window.dilation_h for k in range(self.window.kernel_h))
        return [r for r in rows if 0 <= r < source_height]


@dataclass(frozen=True)
class Program:
    """Nodes in an order in which each reads earlier ones only; the model's inputs are the first."""

    nodes: list[Node]
    input_count: int
    outputs: list[int]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(node.shape[0] * node.shape[1] * len(node.weights) for node in self.nodes)


def lower(graph: Graph) -> Program:
    """The program of a graph that `operators.check_operators` has accepted.

    Raises ModelError for what exceeds a limit of the engine.
    """
    if len(graph.inputs) > MAX_INPUTS:
        raise ModelError(f"the model has {len(graph.inputs)} inputs, expected at most {MAX_INPUTS}")
    nodes = [Node("INPUT", tensor, zero_point_in=tensor.zero_point) for tensor in graph.inputs]
    for node in nodes:
        _check_limits(f"input {node.tensor.name!r}", node)
    for operator in graph.operators:
        index = {node.tensor: i for i, node in enumerate(nodes)}
        nodes.append(_LOWERINGS[operator.kind](operator, index[operator.inputs[0]]))
        _check_limits(str(operator), nodes[-1])
    index = {node.tensor: i for i, node in enumerate(nodes)}
    program = Program(nodes, len(graph.inputs), [index[tensor] for tensor in graph.outputs])
    if len(nodes) >= NO_OPERATOR or min(program.outputs) < program.input_count:
        raise ModelError(
            f"the model has {len(nodes)} operators or an output that is an input: nothing to run"
        )
    return program


def _check_limits(name: str, node: Node) -> None:
    limits = [
        ("rows of a kernel", node.window.kernel_h, MAX_KERNEL_H),
        ("columns, strides or dilations of a kernel", max(vars(node.window).values()), 255),
        ("a height, width or number of channels", max(node.shape), 0xFFFF),
        ("weights of one output channel", len(node.weights) // node.shape[2], MAX_KERNEL_BYTES),
        ("values", math.prod(node.shape), MAX_TENSOR_VALUES),
    ]
    for what, found, most in limits:
        if found > most:
            raise ModelError(f"{name} has {found} {what}, the engine takes at most {most}")


def _table(requantization: Requantization, bias: np.ndarray) -> bytes:
    """The per-channel table: int32 biases, int32 multipliers, int8 shifts."""
    parts = bias.astype("<i4"), requantization.multiplier.astype("<i4"), requantization.shift.astype(np.int8)
    return b"".join(part.tobytes() for part in parts)


def _lower_weighted(kind: str, operator: Operator, source: int, window: Window) -> Node:
    requantization = requantization_of(operator)
    weights, zero_point = operator.inputs[1].constant, operator.inputs[0].zero_point
    per_channel = weights.reshape(weights.shape[0], -1).astype(np.int64).sum(axis=1)
    bias = requantization.bias - zero_point * per_channel
    if np.abs(bias).max() >= 2**31:
        raise ModelError(f"{operator} has a bias of {int(np.abs(bias).max())}, which does not fit 32 bits")
    return Node(
        kind,
        operator.output,
        source,
        window,
        zero_point,
        requantization.clamp_min,
        requantization.clamp_max,
        weights.tobytes(),
        _table(requantization, bias),
    )


def _lower_conv2d(operator: Operator, source: int) -> Node:
    return _lower_weighted("CONV_2D", operator, source, window_of(operator))


def _lower_fully_connected(operator: Operator, source: int) -> Node:
    """Over the whole input it is a dense layer; over each pixel it is a 1x1 convolution."""
    if operator.output.rows[:2] == (1, 1):
        return _lower_weighted("FULLY_CONNECTED", operator, source, WHOLE_INPUT)
    if operator.output.rows[:2] != operator.inputs[0].rows[:2]:
        shapes = operator.inputs[0].rows, operator.output.rows
        raise ModelError(
            f"{operator} makes {shapes[1]} of {shapes[0]}, expected one vector, or one for each pixel"
        )
    return _lower_weighted("CONV_2D", operator, source, ONE_PIXEL)


def _lower_max_pool2d(operator: Operator, source: int) -> Node:
    clamp_min, clamp_max = clamp_of(operator)
    zero_point = operator.inputs[0].zero_point
    return Node("MAX_POOL_2D", operator.output, source, window_of(operator), zero_point, clamp_min, clamp_max)


def _lower_reshape(operator: Operator, source: int) -> Node:
    return Node("RESHAPE", operator.output, source, WHOLE_INPUT)


_LOWERINGS = {
    "CONV_2D": _lower_conv2d,
    "FULLY_CONNECTED": _lower_fully_connected,
    "MAX_POOL_2D": _lower_max_pool2d,
    "RESHAPE": _lower_reshape,
}
