"""A model as the engine runs it: the graph lowered to nodes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from convlet.errors import ModelError
from convlet.format import MAX_INPUTS, MAX_KERNEL_BYTES, MAX_KERNEL_H, MAX_OUTPUTS
from convlet.graph import Graph
from convlet.limits import MOST_FILE_BYTES, MOST_OPERATORS, MOST_ROWS, MOST_VALUES, MOST_WORK, check_limit
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
        return sum(self.macs_of_nodes) // self.steps

    @property
    def macs_of_nodes(self) -> list[int]:
        """Of each node, in an inference or a period of a stream."""
        if not self.period:
            return [node.macs for node in self.nodes]
        return [node.macs // node.shape[0] * rows for node, rows in zip(self.nodes, self.period, strict=True)]

    @property
    def steps(self) -> int:
        """Steps in a period of a stream, each of which gives an output; else 1."""
        return self.period[self.outputs[0]] if self.period else 1

    @cached_property
    def source_heights(self) -> list[list[int]]:
        """Of each node: the rows of each tensor that it reads."""
        return [[self.nodes[source].shape[0] for source in node.sources] for node in self.nodes]

    @cached_property
    def efforts(self) -> list[int]:
        """Of each node: how many rows it makes or takes, and reads for them, in one inference."""
        return [
            node.steps(heights) * (1 + node.reads_at_most(heights))
            for node, heights in zip(self.nodes, self.source_heights, strict=True)
        ]

    @cached_property
    def whole_nodes(self) -> set[int]:
        """Nodes whose rows must lie one behind the other: outputs, and those that a reader takes in one piece."""
        readers = [node for node in self.nodes if node.sources and node.reads_whole]
        return {*self.outputs, *(node.sources[0] for node in readers)}

    @cached_property
    def last_readers(self) -> list[int]:
        """Of each node: the last one that reads it; behind all nodes for an output, the node itself where none does."""
        last = list(range(len(self.nodes)))
        for index, node in enumerate(self.nodes):
            for source in node.sources:
                last[source] = index
        for index in self.outputs:
            last[index] = len(self.nodes)
        return last


def lower(graph: Graph, int8_input: bool = False) -> Program:
    """The program of a graph that `ops.check_operators` has accepted; `int8_input`: it keeps no rows of its inputs.

    Raises ModelError for what exceeds a limit of the engine.
    """
    if len(graph.inputs) > MAX_INPUTS:
        raise ModelError(f"the model has {len(graph.inputs)} inputs, expected at most {MAX_INPUTS}")
    check_limit("the model", "outputs", len(graph.outputs), MAX_OUTPUTS)
    nodes = [
        Node("INPUT", tensor, zero_point_in=tensor.zero_point, stored=not int8_input)
        for tensor in graph.inputs
    ]
    for node in nodes:
        _check_limits(f"input {node.tensor.name!r}", node)
    index = {node.tensor: i for i, node in enumerate(nodes)}
    for operator in graph.operators:
        sources = tuple(index[tensor] for tensor in operator.computed)
        index[operator.output] = len(nodes)
        nodes.append(REGISTRY[operator.kind].lower(operator, sources))
        _check_limits(str(operator), nodes[-1])
    for tensor in graph.outputs:
        if tensor not in index:
            raise ModelError(
                f"the output {tensor.name!r} is a constant of type {tensor.type}, expected INT8 values that the "
                "model computes"
            )
    program = Program(nodes, len(graph.inputs), [index[tensor] for tensor in graph.outputs])
    for tensor in graph.outputs:
        if tensor in graph.inputs:
            raise ModelError(f"the output {tensor.name!r} is an input of the model: there is nothing to run")
    _check_size(program)
    return program


def _check_size(program: Program) -> None:
    """Raises ModelError when the rest of the compiler would take too long, or too much memory."""
    nodes = program.nodes
    check_limit("the model", "operators", len(nodes), MOST_OPERATORS)
    check_limit(
        "the model", "values in all tensors", sum(math.prod(node.shape) for node in nodes), MOST_VALUES
    )
    check_limit("the model", "multiplications and comparisons", sum(map(_work, nodes)), MOST_WORK)
    check_limit("the model", "bytes of weights", sum(len(node.weights) for node in nodes), MOST_FILE_BYTES)
    check_limit("the model", "rows to make and read", sum(program.efforts), MOST_ROWS)


def _work(node: Node) -> int:
    """Multiplications of the node, or values that its windows see."""
    return max(node.macs, math.prod(node.shape) * node.window.kernel_h * node.window.kernel_w)


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
    ]
    for what, found, most in limits:
        if found > most:
            raise ModelError(f"{name} has {found} {what}, the engine takes at most {most}")
