"""A model as the engine runs it: the graph lowered to nodes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from convlet.errors import ModelError
from convlet.format import MAX_INPUTS, MAX_KERNEL_BYTES, MAX_KERNEL_H, MAX_TENSOR_VALUES, NO_OPERATOR
from convlet.graph import Graph
from convlet.node import Node
from convlet.ops import REGISTRY


@dataclass(frozen=True)
class Program:
    """Nodes in an order in which each reads earlier ones only; the model's inputs are the first.

    Of a stream `period` has the rows that each node makes in the same time; its nodes are those for a few periods.
    """

    nodes: list[Node]
    input_count: int
    outputs: list[int]
    period: tuple[int, ...] = ()

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference, or of a stream's step."""
        if not self.period:
            return sum(node.macs for node in self.nodes)
        of_period = (
            node.macs // node.shape[0] * rows for node, rows in zip(self.nodes, self.period, strict=True)
        )
        return sum(of_period) // self.period[self.outputs[0]]

    def source_heights(self, index: int) -> list[int]:
        """Rows of each tensor that node `index` reads."""
        return [self.nodes[source].shape[0] for source in self.nodes[index].sources]


def lower(graph: Graph, int8_input: bool = False) -> Program:
    """The program of a graph that `ops.check_operators` has accepted; `int8_input`: it keeps no rows of its inputs.

    Raises ModelError for what exceeds a limit of the engine.
    """
    if len(graph.inputs) > MAX_INPUTS:
        raise ModelError(f"the model has {len(graph.inputs)} inputs, expected at most {MAX_INPUTS}")
    nodes = [
        Node("INPUT", tensor, zero_point_in=tensor.zero_point, stored=not int8_input)
        for tensor in graph.inputs
    ]
    for node in nodes:
        _check_limits(f"input {node.tensor.name!r}", node)
    for operator in graph.operators:
        index = {node.tensor: i for i, node in enumerate(nodes)}
        sources = tuple(index[tensor] for tensor in operator.computed)
        nodes.append(REGISTRY[operator.kind].lower(operator, sources))
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
        ("rows of a kernel", 0 if node.accumulates else node.window.kernel_h, MAX_KERNEL_H),
        ("columns, strides or dilations of a kernel", max(vars(node.window).values()), 255),
        (
            "columns or rows that a window begins inside",
            -min(node.window.pad_top, node.window.pad_left),
            0x7FFF,
        ),
        ("a height, width or number of channels", max(node.shape), 0xFFFF),
        ("weights of one output channel", len(node.weights) // node.shape[2], MAX_KERNEL_BYTES),
        ("values", math.prod(node.shape), MAX_TENSOR_VALUES),
    ]
    for what, found, most in limits:
        if found > most:
            raise ModelError(f"{name} has {found} {what}, the engine takes at most {most}")
