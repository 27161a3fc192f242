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


def reads_one_tensor(operator: Operator) -> None:
    """Raises ModelError unless the operator's first input, and no other, is computed."""
    if [tensor.data is None for tensor in operator.inputs] != [True] + [False] * (len(operator.inputs) - 1):
        raise ModelError(f"{operator} reads constants or several tensors, expected one computed tensor")


@dataclass(frozen=True)
class OperatorSpec:
    """Of one operator: `options_table` of the schema package and `options`, our names for its accessors.

    `reference` gives int8 values, in any shape, from int8[height, width, channels] arrays of the computed inputs,
    with TFLM's arithmetic. `lower` gives the engine's node from the indices of the nodes that make the computed
    inputs; `check` has accepted the operator before, or raised ModelError.
    """

    reference: Reference
    lower: Lower
    check: Callable[[Operator], None] = reads_one_tensor
    options_table: Any = None
    options: Mapping[str, str] = field(default_factory=dict)
