"""Operators whose constants do not fit a window (engine/window.h) are split into parts that make some channels each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from convlet.errors import ModelError
from convlet.graph import Graph, Operator, Tensor
from convlet.limits import MOST_OPERATORS, check_limit
from convlet.node import Node
from convlet.ops import REGISTRY, elementwise
from convlet.ops.convolution import DEPTHWISE_BLOCK
from convlet.ops.weights import taken_channels
from convlet.passes.concatenations import joined_pair
from convlet.writer import constant_bytes

_WORTH_IT = 8  # multiplications that a byte of a file is worth: what it takes to read it and to sum it up


def fastest_form(node: Node, window_bytes: int) -> Node:
    """The fastest form of a node whose constants fit, and whose larger weights are worth being read."""
    forms = [form for form in node.faster if constant_bytes(form) <= window_bytes]
    return next((form for form in forms if _is_worth_reading(form, node)), node)


def split_wide_operators(graph: Graph, window_bytes: int) -> list[str]:
    """Split the operators that do not fit. Raises ModelError for one that cannot be split so far, and for too many."""
    done = []
    for operator in graph.operators.copy():
        if constant_bytes(_wanted(operator)) > window_bytes:
            parts = _split(graph, operator, window_bytes)
            if parts > 1:
                done.append(f"{operator} into {parts} parts")
    if done:
        name = f"the model, split for a window of {window_bytes:,} bytes,"
        check_limit(name, "operators", len(graph.operators), MOST_OPERATORS)
    return done


def _wanted(operator: Operator) -> Node:
    """The fastest form whose larger weights are worth being read."""
    node = _lowered(operator)
    return next((form for form in node.faster if _is_worth_reading(form, node)), node)


def _is_worth_reading(form: Node, node: Node) -> bool:
    return (len(form.weights) - len(node.weights)) * _WORTH_IT <= node.macs


def _lowered(operator: Operator) -> Node:
    return REGISTRY[operator.kind].lower(operator, (0,) * len(operator.computed))


def _split(graph: Graph, operator: Operator, window_bytes: int) -> int:
    """Replace the operator by parts as large as fit; returns how many they are."""
    parts = _parts(operator, window_bytes, _wanted)
    if not parts and _fits(operator, window_bytes):
        return 1  # in its slower form
    parts = parts or _parts(operator, window_bytes, _lowered)
    if not parts:
        least = _part(operator, 0, 1)[-1] if _groups_of(operator) else operator
        least_bytes = constant_bytes(_lowered(least))
        raise ModelError(
            f"{operator} has constants of {constant_bytes(_lowered(operator)):,} bytes, of which {least_bytes:,} are "
            f"needed at once, but the window has {window_bytes:,}: use --window {least_bytes}, or a larger one"
        )
    _insert(graph, operator, parts)
    return len(parts)


def _parts(
    operator: Operator, window_bytes: int, form_of: Callable[[Operator], Node]
) -> list[list[Operator]]:
    """As few parts as there can be that fit in this form; none if there are none."""
    for unit, step in _units_of(operator):
        form = form_of(_part(operator, 0, unit)[-1])
        most = unit * window_bytes // constant_bytes(form) // step * step
        for size in range(most, 0, -step):
            parts = [_part(operator, *channels) for channels in _ranges(operator, unit, size, step)]
            if all(_fits(part[-1], window_bytes) for part in parts):
                return parts
    return []


def _fits(operator: Operator, window_bytes: int) -> bool:
    return constant_bytes(fastest_form(_lowered(operator), window_bytes)) <= window_bytes


def _groups_of(operator: Operator) -> int:
    """Groups of output channels that each read their own input channels; 0 where there are no constants to split."""
    channels_in = operator.computed[0].rows[2] if operator.computed else 0
    if operator.kind == "CONV_2D":
        return channels_in // operator.inputs[1].shape[3]
    if operator.kind in elementwise.OPERATORS:
        return channels_in if any(tensor.data is not None for tensor in operator.inputs) else 0
    return {"DEPTHWISE_CONV_2D": channels_in, "FULLY_CONNECTED": 1}.get(operator.kind, 0)


def _units_of(operator: Operator) -> list[tuple[int, int]]:
    """How to split, the better ways first: each `unit` of output channels into parts of a multiple of `step`."""
    groups, channels = _groups_of(operator), operator.output.rows[2]
    if groups == 0:
        return []
    if groups == 1:
        return [(channels, 2), (channels, 1)]
    if groups == channels:
        return [(channels, DEPTHWISE_BLOCK), (channels, 1)]
    own = channels // groups
    return [(channels, own), (own, 2), (own, 1)]


def _ranges(operator: Operator, unit: int, most: int, step: int) -> list[tuple[int, int]]:
    """As few ranges of at most `most` channels as there can be in each unit, of about the same size."""
    count = -(-unit // most)
    size = -(-unit // (count * step)) * step
    ranges = [(begin, min(begin + size, unit)) for begin in range(0, unit, size)]
    last, end = ranges[-1]
    if end - last < step and len(ranges) > 1:  # too few for its kernel
        ranges[-2:] = [(ranges[-2][0], end - step), (end - step, end)]
    units = range(0, operator.output.rows[2], unit)
    return [(first + begin, first + end) for first in units for begin, end in ranges]


def _part(operator: Operator, begin: int, end: int) -> list[Operator]:
    """What makes these channels, of whole groups or of one: the operator with fewer weights, behind a SLICE if that
    reads some channels of the input only.
    """
    groups, source = _groups_of(operator), operator.computed[0]
    own, own_in = operator.output.rows[2] // groups, source.rows[2] // groups
    first, last = begin // own * own_in, -(-end // own) * own_in
    before = [_sliced(operator, source, first, last)] if last - first < source.rows[2] else []
    inputs = [before[0].output if before and x is source else x for x in operator.inputs]
    axis, kept, options = 0, np.arange(begin, end), operator.options
    result = _with_channels(operator.output, begin, end)
    if operator.kind in elementwise.OPERATORS:
        inputs = [x if x.data is None else _taken_last(x, kept) for x in inputs]
        return [*before, replace(operator, inputs=inputs, output=result)]
    if operator.kind == "DEPTHWISE_CONV_2D":
        axis, options = 3, options | {"multiplier": (end - begin) // (last - first)}
    inputs[1] = taken_channels(inputs[1], kept, axis)
    inputs[2:] = [taken_channels(bias, kept, 0) for bias in inputs[2:]]
    return [*before, replace(operator, inputs=inputs, output=result, options=options)]


def _taken_last(constant: Tensor, kept: np.ndarray) -> Tensor:
    """The constant operand with these channels, where it has a value for each."""
    return constant if constant.rows[2] == 1 else taken_channels(constant, kept, -1)


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
