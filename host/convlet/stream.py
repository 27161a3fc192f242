"""Streams: a graph whose rows, or whose columns where there is one row only, are steps in time, for any number of them.

`streamed` makes of a graph for T steps the one for R steps, with time as its rows: row r of each tensor is what the
graph for T steps has there, wherever both have it. What reduces all T steps to one (a dense layer on all of them, a
global pool) becomes a window of T steps that moves on with time. Nothing may look into the future.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convlet.errors import ModelError
from convlet.graph import Graph, Operator, Shape, Tensor
from convlet.ops import elementwise, reduction, tables
from convlet.ops.concatenation import axis_of
from convlet.ops.movement import MOVES, RESHAPES, fill_value, moved_index
from convlet.ops.weights import turned_weights
from convlet.ops.window import window_of

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_POOLS = ("MAX_POOL_2D", "AVERAGE_POOL_2D")


@dataclass(frozen=True)
class _Timed:
    """A tensor of the new graph, int8[R, width, channels], and where time lies in that of the old one: in its axis
    0 or 1, with `steps` steps.
    """

    tensor: Tensor
    axis: int
    steps: int

    @property
    def rows(self) -> int:
        return self.tensor.rows[0]


def streamed(graph: Graph, rows: int) -> Graph:
    """The graph for `rows` steps in time, at least as many as the given one has.

    Raises ModelError for what cannot be had step by step, with the reason.
    """
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ModelError(
            f"the model has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs; a stream has one of each"
        )
    return _Rewriter(graph, rows).graph


class _Rewriter:
    def __init__(self, graph: Graph, rows: int) -> None:
        source = graph.inputs[0]
        axis = 0 if source.rows[0] > 1 else 1
        self.timed = {source: _Timed(_with_rows(source, axis, rows), axis, source.rows[axis])}
        self.operators = [self._rewrite(operator) for operator in graph.operators]
        output = self.timed[graph.outputs[0]].tensor
        inputs = [self.timed[source].tensor]
        self.graph = replace(graph, inputs=inputs, outputs=[output], operators=self.operators)

    def _rewrite(self, operator: Operator) -> Operator:
        rules: dict[str, Callable[[Operator], Operator]] = {
            **dict.fromkeys((*_CONVOLUTIONS, *_POOLS), self._windowed),
            **dict.fromkeys((*tables.OPERATORS, "SOFTMAX"), self._pixelwise),
            **dict.fromkeys(elementwise.OPERATORS, self._elementwise),
            **dict.fromkeys(reduction.OPERATORS, self._reduction),
            **dict.fromkeys(MOVES, self._move),
            **dict.fromkeys(RESHAPES, self._reshape),
            "FULLY_CONNECTED": self._dense,
            "CONCATENATION": self._concatenation,
        }
        if operator.kind not in rules:
            raise ModelError(f"{operator} cannot work step by step: it has no place in a stream")
        return rules[operator.kind](operator)

    def _make(
        self,
        operator: Operator,
        source: _Timed,
        rows: int,
        steps: int,
        shape: Shape | None = None,
        **change: Any,
    ) -> Operator:
        """The operator for the new graph, whose output has `rows` rows; the old one's has `steps` steps."""
        made = (
            _with_rows(operator.output, source.axis, rows)
            if shape is None
            else _shaped(operator.output, shape)
        )
        self.timed[operator.output] = _Timed(made, source.axis, steps)
        inputs = [self.timed[t].tensor if t in self.timed else t for t in operator.inputs]
        return replace(operator, output=made, **({"inputs": inputs} | change))

    def _windowed(self, operator: Operator) -> Operator:
        source, options = self.timed[operator.inputs[0]], dict(operator.options)
        is_pool = operator.kind in _POOLS
        kernel = (options["kernel_h"], options["kernel_w"]) if is_pool else operator.inputs[1].shape[1:3]
        window = window_of(operator, *kernel)
        inputs = [source.tensor, *operator.inputs[1:]]
        if source.axis == 1:
            window = window.turned()
            inputs[1:2] = [] if is_pool else [turned_weights(operator.inputs[1])]
        steps = operator.output.rows[source.axis]
        span = (window.kernel_h - 1) * window.dilation_h + 1
        ahead = (steps - 1) * window.stride_h - window.pad_top + span - source.steps
        if ahead > 0:
            raise ModelError(
                f"{operator} needs {ahead} steps of the future for each that it makes; "
                "a stream takes padding 'causal' (zeros before the first step) or 'valid'"
            )
        options |= {
            "pads": (window.pad_top, window.pad_left),
            "stride_h": window.stride_h,
            "stride_w": window.stride_w,
            "dilation_h": window.dilation_h,
            "dilation_w": window.dilation_w,
        }
        if is_pool:
            options |= {"kernel_h": window.kernel_h, "kernel_w": window.kernel_w}
        rows = (source.rows + window.pad_top - span) // window.stride_h + 1
        return self._make(operator, source, rows, steps, inputs=inputs, options=options)

    def _pixelwise(self, operator: Operator) -> Operator:
        source = self.timed[operator.inputs[0]]
        return self._make(operator, source, source.rows, source.steps)

    def _elementwise(self, operator: Operator) -> Operator:
        sources = self._alike(operator)
        for tensor in operator.inputs:
            if tensor.data is not None and tensor.rows[sources[0].axis] > 1:
                raise ModelError(
                    f"{operator} has a constant for each step in time, which a stream has no end of"
                )
        return self._make(operator, sources[0], sources[0].rows, sources[0].steps)

    def _concatenation(self, operator: Operator) -> Operator:
        source, axis = self._alike(operator)[0], 3 - axis_of(operator)
        if axis == source.axis:
            raise ModelError(
                f"{operator} joins tensors one behind the other in time, which a stream cannot do"
            )
        # Time is the first of three axes now; the one along which it joins stays where it is, behind it.
        options = operator.options | {"axis": -1 if axis == 2 else -2}
        return self._make(operator, source, source.rows, source.steps, options=options)

    def _alike(self, operator: Operator) -> list[_Timed]:
        """Its computed inputs, which must run side by side in time."""
        sources = [self.timed[tensor] for tensor in operator.computed]
        if len({(source.rows, source.steps, source.axis) for source in sources}) > 1:
            steps = " and ".join(str(source.steps) for source in sources)
            raise ModelError(
                f"{operator} joins tensors of {steps} steps, which do not run side by side in a stream"
            )
        return sources

    def _reduction(self, operator: Operator) -> Operator:
        source = self.timed[operator.inputs[0]]
        axes = reduction.reduced_axes(operator)
        if source.axis == 1:
            axes = tuple(sorted({0: 1, 1: 0, 2: 2}[axis] for axis in axes))
        options: dict[str, Any] = operator.options | {"axes": axes}
        if 0 not in axes:
            return self._make(operator, source, source.rows, source.steps, options=options)
        options["window_rows"] = source.steps
        return self._make(operator, source, source.rows - source.steps + 1, 1, options=options)

    def _dense(self, operator: Operator) -> Operator:
        source = self.timed[operator.inputs[0]]
        if operator.output.rows[:2] != (1, 1):
            return self._make(operator, source, source.rows, source.steps)
        shape = source.rows - source.steps + 1, 1, operator.output.rows[2]
        options = operator.options | {"window_rows": source.steps}
        return self._make(operator, source, shape[0], 1, shape, options=options)

    def _reshape(self, operator: Operator) -> Operator:
        """Only pixels and channels may change their shape: a row stays a row."""
        source, made = self.timed[operator.inputs[0]], operator.output.rows
        count = math.prod(source.tensor.rows[1:])
        axis = next(
            (axis for axis in (0, 1) if made[axis] == source.steps and math.prod(made[:axis]) == 1), None
        )
        if axis is None or math.prod(made) != source.steps * count:
            raise ModelError(f"{operator} cuts {source.steps} steps in time into {list(made)}")
        width, channels = made[1:] if axis == 0 else (1, made[2])
        index = np.arange(source.rows * count, dtype=np.int32).reshape(source.rows, width, channels)
        return self._copy(operator, replace(source, axis=axis), index, 0, source.steps)

    def _move(self, operator: Operator) -> Operator:
        """What moves values within each row, or shifts all rows by some steps."""
        source = self.timed[operator.computed[0]]
        index = moved_index(operator)
        steps = index.shape[source.axis]
        index = index.reshape(steps, -1, index.shape[2])
        row_values = math.prod(source.tensor.rows[1:])
        used = np.flatnonzero((index >= 0).any(axis=(1, 2)))
        first = int(used[0]) if len(used) else 0
        pattern = index[first]
        read = {
            int(place) // row_values for place in pattern[pattern >= 0]
        }  # the one step that its row reads

        def shifted(count: int) -> np.ndarray:
            """The pattern for `count` steps; those before the first that reads anything are filled."""
            at = np.arange(count, dtype=np.int64)[:, None, None] - first
            return np.where((pattern < 0) | (at < 0), -1, pattern + at * row_values).astype(np.int32)

        if len(read) != 1 or (first > 0 and read != {0}) or not np.array_equal(index, shifted(steps)):
            raise ModelError(f"{operator} does not treat all steps in time alike")
        moved = shifted(source.rows + steps - source.steps)
        return self._copy(operator, source, moved, fill_value(operator), steps)

    def _copy(self, operator: Operator, source: _Timed, index: np.ndarray, fill: int, steps: int) -> Operator:
        change = {"kind": "COPY", "inputs": [source.tensor], "options": {"index": index, "fill": fill}}
        return self._make(operator, source, len(index), steps, index.shape, **change)


def _shaped(tensor: Tensor, shape: Shape) -> Tensor:
    return replace(tensor, shape=shape, batch=1)


def _with_rows(tensor: Tensor, axis: int, rows: int) -> Tensor:
    """The tensor with time, its axis `axis`, as `rows` rows. Raises ModelError when that is not its first axis."""
    height, width, channels = tensor.rows
    if axis == 0:
        return _shaped(tensor, (rows, width, channels))
    if height != 1:
        raise ModelError(f"tensor {tensor.name!r} has {height} rows beside each other in time, expected one")
    return _shaped(tensor, (rows, 1, channels))
