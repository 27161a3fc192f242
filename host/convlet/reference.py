"""A graph in numpy with TFLM's arithmetic: whole tensors, plain, slow, the same int8 values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convlet.graph import Graph, Operator, Tensor
from convlet.ops import REGISTRY


def run_operator(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """The operator's output for its computed inputs; all int8[height, width, channels]."""
    return REGISTRY[operator.kind].reference(operator, inputs).reshape(operator.output.rows)


def run_graph(graph: Graph, inputs: Sequence[np.ndarray]) -> dict[Tensor, np.ndarray]:
    """All tensors of the graph, int8[height, width, channels] each, for int8 `inputs`, one for each of the graph's."""
    values = {
        tensor: np.asarray(value, np.int8).reshape(tensor.rows)
        for tensor, value in zip(graph.inputs, inputs, strict=True)
    }
    for operator in graph.operators:
        values[operator.output] = run_operator(operator, [values[tensor] for tensor in operator.computed])
    return values
