"""An activation that only clamps goes into the operator before it."""

from __future__ import annotations

import numpy as np

from convlet.graph import Graph, Operator
from convlet.ops import table_of
from convlet.ops.requantization import clamp_of
from convlet.ops.tables import ALL_INPUTS

# Those that clamp their output.
_CLAMPING = (
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "TRANSPOSE_CONV",
    "FULLY_CONNECTED",
    "MAX_POOL_2D",
    "AVERAGE_POOL_2D",
    "ADD",
    "SUB",
    "MUL",
)


def fuse_clamps(graph: Graph) -> list[str]:
    """Let operators clamp for themselves where a function that only does that alone reads what they make."""
    done = []
    for activation in graph.operators.copy():
        clamp, before = _clamp_alone(activation), graph.maker(activation.computed[0])
        if clamp is None or before is None or before.kind not in _CLAMPING:
            continue
        if before.output in graph.outputs or graph.readers(before.output) != [activation]:
            continue
        done.append(f"{activation} into {before}")
        before.options["clamp"] = tuple(min(max(end, clamp[0]), clamp[1]) for end in clamp_of(before))
        graph.operators.remove(activation)
        graph.replace(activation.output, before.output)
    return done


def _clamp_alone(operator: Operator) -> tuple[int, int] | None:
    """The least and greatest value of a function that leaves the values between them, and their meaning."""
    table = table_of(operator)
    if table is None or not operator.computed[0].is_like(operator.output):
        return None
    low, high = int(table[0]), int(table[-1])
    return (low, high) if np.array_equal(table, ALL_INPUTS.clip(low, high)) else None
