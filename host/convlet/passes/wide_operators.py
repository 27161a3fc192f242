"""Operators whose constants do not fit a window (engine/window.h) are split into parts that make some channels each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convlet.errors import ModelError
from convlet.graph import Graph, Operator, Tensor
from convlet.node import Node
from convlet.ops import REGISTRY
from convlet.ops.convolution import DEPTHWISE_BLOCK
from convlet.passes.concatenations import joined_pair
from convlet.writer import constant_bytes

_WORTH_IT = 8  # multiplications that a byte of a file is worth: what it takes to read it and to sum it up


def fastest_form(node: Node, window_bytes: int) -> Node:
    """The fastest form of a node whose constants fit, and whose larger weights are worth being read."""
    forms = [form for form in node.faster if constant_bytes(form) <= window_bytes]
    return next((form for form in forms if _is_worth_reading(form, node)), node)


def split_wide_operators(graph: Graph, window_bytes: int) -> list[str]:
    """Split the operators that do not fit. Raises ModelError for one that cannot be split so far."""
    done = []
    for operator in graph.operators.copy():
        node = _lowered(operator)
        wanted = next((form for form in node.faster if _is_worth_reading(form, node)), node)
        if constant_bytes(wanted) > window_bytes:
            parts = _split(graph, operator, wanted, window_bytes)
            if parts > 1:
                done.append(f"{operator} into {parts} parts")
    return done


def _is_worth_reading(form: Node, node: Node) -> bool:
    return (len(form.weights) - len(node.weights)) * _WORTH_IT <= node.macs


def _lowered(operator: Operator) -> Node:
    return REGISTRY[operator.kind].lower(operator, (0,) * len(operator.computed))


def _split(graph: Graph, operator: Operator, wanted: Node, window_bytes: int) -> int:
    """Replace the operator by parts as large as fit; returns how many they are."""
    for step in _steps_of(operator):
        most = operator.output.rows[2] * window_bytes // constant_bytes(wanted) // step * step
        for size in range(most, 0, -step):
            parts = [_part(operator, *channels) for channels in _ranges(operator.output.rows[2], size, step)]
            if all(_fits(part[-1], window_bytes) for part in parts):
                _insert(graph, operator, parts)
                return len(parts)
    if _fits(operator, window_bytes):
        return 1  # in its slower form
    raise ModelError(
        f"{operator} has constants of {constant_bytes(_lowered(operator)):,} bytes that cannot be split into parts "
        f"of {window_bytes:,}: use a larger window"
    )


def _fits(operator: Operator, window_bytes: int) -> bool:
    return constant_bytes(fastest_form(_lowered(operator), window_bytes)) <= window_bytes


def _steps_of(operator: Operator) -> tuple[int, ...]:
    """The channels of a part are a multiple of one of them, the better first; none: the operator cannot be split."""
    if operator.kind == "DEPTHWISE_CONV_2D":
        return (DEPTHWISE_BLOCK,) if operator.options["multiplier"] == 1 else ()
    one_group = operator.kind == "CONV_2D" and operator.inputs[1].shape[3] == operator.inputs[0].rows[2]
    return (2, 1) if one_group or operator.kind == "FULLY_CONNECTED" else ()


def _ranges(channels: int, most: int, step: int) -> list[tuple[int, int]]:
    """As few ranges of at most `most` channels as there can be, of about the same size."""
    count = -(-channels // most)
    size = -(-channels // (count * step)) * step
    ranges = [(begin, min(begin + size, channels)) for begin in range(0, channels, size)]
    last, end = ranges[-1]
    if end - last < step and len(ranges) > 1:  # too few for its kernel
        ranges[-2:] = [(ranges[-2][0], end - step), (end - step, end)]
    return ranges


def _part(operator: Operator, begin: int, end: int) -> list[Operator]:
    """What makes these channels: the operator with fewer weights, behind a SLICE if it reads these channels only."""
    take = slice(begin, end)
    axis = 3 if operator.kind == "DEPTHWISE_CONV_2D" else 0
    source, weights, *biases = operator.inputs
    before = []
    if axis == 3:
        before = [_sliced(operator, source, begin, end)]
        source = before[0].output
    constants = [_taken(weights, axis, take), *(_taken(bias, 0, take) for bias in biases)]
    result = _with_channels(operator.output, begin, end)
    return [*before, replace(operator, inputs=[source, *constants], output=result)]


def _taken(constant: Tensor, axis: int, take: slice) -> Tensor:
    data = constant.constant[(slice(None),) * axis + (take,)]
    scale = constant.scale[take] if len(constant.scale) > 1 else constant.scale
    return replace(constant, shape=data.shape, data=data, scale=scale)


def _with_channels(tensor: Tensor, begin: int, end: int) -> Tensor:
    name = f"{tensor.name} from {begin} to {end}"
    return replace(tensor, name=name, shape=(*tensor.shape[:-1], end - begin))


def _sliced(operator: Operator, source: Tensor, begin: int, end: int) -> Operator:
    axes = len(source.full_shape)
    begins = np.array([*[0] * (axes - 1), begin], np.int32)
    sizes = np.array([*[-1] * (axes - 1), end - begin], np.int32)
    constants = [
        Tensor(f"{source.name} {what}", data.shape, np.ones(1), 0, data, None, "INT32")
        for what, data in (("begin", begins), ("size", sizes))
    ]
    result = _with_channels(source, begin, end)
    return Operator("SLICE", operator.position, [source, *constants], result)


def _insert(graph: Graph, operator: Operator, parts: list[list[Operator]]) -> None:
    """The parts in place of the operator, each joined with those before it as soon as it is there."""
    join = Operator(
        "CONCATENATION", operator.position, [], operator.output, {"axis": -1, "activation": "NONE"}
    )
    made, joined = parts[0].copy(), parts[0][-1].output
    for number, part in enumerate(parts[1:], start=2):
        made += part
        pair = [joined, part[-1].output]
        if number == len(parts):
            made.append(replace(join, inputs=pair))
        else:
            made.append(joined_pair(join, pair))
        joined = made[-1].output
    at = graph.operators.index(operator)
    graph.operators[at : at + 1] = made
