"""What Convlet knows of one TFLite operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convlet.errors import ModelError
from convlet.graph import Operator
from convlet.node import Node

Reference = Callable[[Operator, Sequence[np.ndarray]], np.ndarray]
Lower = Callable[[Operator, tuple[int, ...]], Node]
Table = Callable[[Operator], "np.ndarray | None"]


def reads_one_tensor(operator: Operator) -> None:
    """Raises ModelError unless the operator's first input, and no other, is computed."""
    if [tensor.data is None for tensor in operator.inputs] != [True] + [False] * (len(operator.inputs) - 1):
        raise ModelError(f"{operator} reads constants or several tensors, expected one computed tensor")


def integers(operator: Operator, position: int) -> np.ndarray:
    """The constant input at `position`, whose type must be an integer one. Raises ModelError for anything else."""
    constant = operator.inputs[position].data if position < len(operator.inputs) else None
    if constant is None or constant.dtype.kind != "i":
        raise ModelError(f"{operator} has no constant integers as its input {position}")
    return constant


@dataclass(frozen=True)
class OperatorSpec:
    """Of one operator: `options_table` of the schema package and `options`, our names for its accessors.

    `any_shape`: it takes and makes tensors of any number of axes, also without a batch. `counts_axes`: and means an
    axis by its number, not height, width or channels. `several_outputs`: the reader makes an operator of each output,
    with the options `part`, its position, and `parts`, all outputs.

    `reference` gives int8 values, in any shape, from int8[height, width, channels] arrays of the computed inputs,
    with TFLM's arithmetic. `lower` gives the engine's node from the indices of the nodes that make the computed
    inputs; `check` has accepted the operator before, or raised ModelError. `table` gives the int8 outputs for the
    values -128 to 127 of an operator that is a function of one value, None where this one is not.
    """

    reference: Reference
    lower: Lower
    check: Callable[[Operator], None] = reads_one_tensor
    options_table: Any = None
    options: Mapping[str, str] = field(default_factory=dict)
    any_shape: bool = False
    counts_axes: bool = False
    several_outputs: bool = False
    table: Table | None = None
