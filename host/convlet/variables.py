"""Variables of a `.tflite`: what a stateful model keeps from one invocation to the next.

A streaming model written by hand keeps the last steps of a tensor in a variable: it joins them with the new ones,
works on both, and keeps the last ones again. That is what a stream's ring of rows does by itself. So such a variable
is replaced by a PAD, of as many steps as it has, before the first step ever, and the model compiled as a stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite

from convlet.errors import ModelError
from convlet.graph import Change, Graph, Operator, Tensor
from convlet.ops.concatenation import axis_of
from convlet.ops.movement import moved_index

_SLICES = ("SLICE", "STRIDED_SLICE")


@dataclass(eq=False)
class Variable:
    """`read` is what the model reads of it, `assigned` what it writes to it, `initial` what it holds at first."""

    name: str
    read: Tensor | None = None
    assigned: Tensor | None = None
    initial: np.ndarray | None = None


def name_of(handle: Any) -> str:
    """The variable that a stored VAR_HANDLE names."""
    table, options = handle.BuiltinOptions(), tflite.VarHandleOptions()
    if table is None:
        raise ModelError("the .tflite file is damaged: a VAR_HANDLE has no options")
    options.Init(table.Bytes, table.Pos)
    return str((options.SharedName() or b"").decode("utf-8", "replace"))


def replace_variables(graph: Graph, variables: list[Variable]) -> None:
    """Make of each variable the padding before the first step. Raises ModelError for one that is not such steps."""
    details = [_replace_by_pad(graph, variable) for variable in variables]
    graph.changes.append(Change("variables replaced by padding before the first step", details))


def _replace_by_pad(graph: Graph, variable: Variable) -> str:
    join, count = _steps_kept(graph, variable)
    result, axis = join.output, len(join.output.full_shape) - axis_of(join)
    pads = np.zeros((len(result.full_shape), 2), np.int32)
    pads[axis, 0] = count
    constant = Tensor(f"{variable.name} (steps)", pads.shape, np.zeros(0, np.float32), 0, pads, None, "INT32")
    pad = Operator("PAD", join.position, [join.inputs[1], constant], result)
    graph.operators[graph.operators.index(join)] = pad
    return f"{count} steps of {variable.name!r} before {join}"


def _steps_kept(graph: Graph, variable: Variable) -> tuple[Operator, int]:
    """The CONCATENATION that joins the variable's steps with the new ones, and how many it keeps."""

    def refuse(reason: str) -> ModelError:
        return ModelError(
            f"the variable {variable.name!r} {reason}; only variables that hold the last steps in time of a tensor "
            "are supported"
        )

    read, assigned, initial = variable.read, variable.assigned, variable.initial
    if read is None or assigned is None:
        raise refuse("is not both read and assigned")
    readers = graph.readers(read)
    join = readers[0] if readers else None
    if len(readers) != 1 or join is None or join.kind != "CONCATENATION" or join.inputs[0] is not read:
        kinds = ", ".join(map(str, readers)) or "nothing"
        raise refuse(f"is read by {kinds}, expected one CONCATENATION with its steps before the new ones")
    if len(join.inputs) != 2 or axis_of(join) == 1:
        raise refuse(f"is joined by {join} with {len(join.inputs) - 1} tensors, expected one, along time")
    count = read.full_shape[len(read.full_shape) - axis_of(join)]
    maker = graph.maker(assigned)
    if maker is None or maker.kind not in _SLICES or maker.inputs[0] is not join.output:
        raise refuse(f"is assigned {assigned.name!r}, expected a slice of what {join} makes")
    whole = np.arange(np.prod(join.output.rows)).reshape(join.output.rows)
    last = whole[-count:] if axis_of(join) == 3 else whole[:, -count:]
    if not np.array_equal(moved_index(maker), last):
        raise refuse(f"is assigned what {maker} takes, expected the last {count} steps")
    if initial is None or np.any(initial != read.zero_point):
        raise refuse("does not begin with zeros")
    return join, count
