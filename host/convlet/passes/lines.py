"""Images of one row are turned into images of one column: the same bytes, of which rows can be kept instead of all.

What Conv1D layers make is such a line, with time along the width. The engine keeps rows, and so a line is kept whole;
its columns as rows are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from convlet.graph import Graph, Operator, Tensor
from convlet.ops import elementwise, tables
from convlet.ops.concatenation import axis_of
from convlet.ops.movement import MOVES, RESHAPES, fill_value, moved_index
from convlet.ops.reduction import OPERATORS as REDUCTIONS
from convlet.ops.weights import turned_weights
from convlet.ops.window import window_of

Turn = Callable[[Operator], None]

_MOST_ROWS = 6000  # of all tensors: to plan more takes long


def turn_lines(graph: Graph) -> list[str]:
    """Exchange height and width of all tensors, where all have height 1 and some are wider than 1."""
    tensors = [*graph.inputs, *(operator.output for operator in graph.operators)]
    widths = [tensor.rows[1] for tensor in tensors]
    turns = [_TURNS.get(operator.kind) for operator in graph.operators]
    if max(widths) == 1 or sum(widths) > _MOST_ROWS:
        return []
    if any(tensor.rows[0] > 1 for tensor in tensors) or None in turns:
        return []
    for operator, turn in zip(graph.operators, turns, strict=True):
        assert turn is not None
        turn(operator)
    for tensor in tensors:
        _, width, channels = tensor.rows
        tensor.shape, tensor.batch = (width, 1, channels), 1
    return [f"lines of up to {max(widths)} pixels"]


def _turn_window(operator: Operator) -> None:
    is_pool = "kernel_h" in operator.options
    options = operator.options
    kernel = (options["kernel_h"], options["kernel_w"]) if is_pool else operator.inputs[1].shape[1:3]
    window = window_of(operator, *kernel).turned()
    changed: dict[str, Any] = {"pads": (window.pad_top, window.pad_left)}
    changed |= {name: getattr(window, name) for name in options if hasattr(window, name)}
    operator.options = options | changed
    if not is_pool:
        operator.inputs[1] = turned_weights(operator.inputs[1])


def _turn_constants(operator: Operator) -> None:
    operator.inputs = [_turned_constant(tensor) for tensor in operator.inputs]


def _turned_constant(tensor: Tensor) -> Tensor:
    if tensor.data is None:
        return tensor
    _, width, channels = tensor.rows
    shape = width, 1, channels
    return replace(tensor, shape=shape, data=tensor.data.reshape(shape))


def _turn_reduction(operator: Operator) -> None:
    turned = {0: 1, 1: 0, 2: 2}
    operator.options["axes"] = tuple(sorted(turned[axis] for axis in operator.options["axes"]))


def _turn_concatenation(operator: Operator) -> None:
    operator.options = operator.options | {"axis": {1: -1, 2: -3, 3: -2}[axis_of(operator)]}


def _turn_move(operator: Operator) -> None:
    index, fill = moved_index(operator), fill_value(operator)
    operator.kind, operator.inputs = "COPY", operator.computed
    operator.options = {"index": index.swapaxes(0, 1), "fill": fill}


def _keep(operator: Operator) -> None:
    """Nothing to turn: each pixel is treated alone, or the order of the values says it all."""


_TURNS: dict[str, Turn] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D"), _turn_window),
    **dict.fromkeys((*tables.OPERATORS, "SOFTMAX", "FULLY_CONNECTED"), _keep),
    **dict.fromkeys(elementwise.OPERATORS, _turn_constants),
    **dict.fromkeys(REDUCTIONS, _turn_reduction),
    **dict.fromkeys(MOVES, _turn_move),
    **dict.fromkeys(RESHAPES, _keep),
    "CONCATENATION": _turn_concatenation,
}
