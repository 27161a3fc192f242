"""Functions that the converter leaves to real numbers in the middle of a model, between DEQUANTIZE and QUANTIZE.

TensorFlow's converter has no int8 form of ELU, NEG and others, of which the second is a part of PReLU. As functions of
one value they become a LOOKUP, whose table holds what TFLM's float kernels give.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convlet.graph import Graph, Operator
from convlet.ops.tables import ALL_INPUTS
from convlet.passes.unread import drop_unread
from convlet.quantization import dequantize, quantize

_Function = Callable[[np.ndarray], np.ndarray]


def _elu(x: np.ndarray) -> np.ndarray:
    """TFLM's reference_ops::Elu (internal/reference/elu.h)."""
    return np.where(x < 0, np.expm1(x.astype(np.float64)), x)


# float32[n] of float32[n], or of their exact values.
REAL_FUNCTIONS: dict[str, _Function] = {
    "CEIL": np.ceil,
    "ELU": _elu,
    "FLOOR": np.floor,
    "NEG": np.negative,
    "SQUARE": np.square,
}


def fold_real_functions(graph: Graph) -> list[str]:
    """Make of each row of a DEQUANTIZE, such functions and a QUANTIZE a LOOKUP in place of the last."""
    done = []
    for last in graph.operators:
        if last.kind == "QUANTIZE" and last.inputs[0].type == "FLOAT32" and (row := _row_before(graph, last)):
            first, *functions = row
            source, result = first.inputs[0], last.output
            values = dequantize(ALL_INPUTS, float(source.tensor_scale), source.zero_point)
            for operator in functions:
                values = REAL_FUNCTIONS[operator.kind](values).astype(np.float32)
            table = quantize(values, float(result.tensor_scale), result.zero_point)
            last.kind, last.inputs, last.options = "LOOKUP", [source], {"table": table}
            done.append(f"{', '.join(map(str, functions)) or first} in a table")
    if done:
        drop_unread(graph)
    return done


def _row_before(graph: Graph, last: Operator) -> list[Operator]:
    """The DEQUANTIZE of an int8 tensor and the functions that make the input of `last`; none where others do."""
    row: list[Operator] = []
    maker = graph.maker(last.inputs[0])
    while maker is not None and maker.kind in REAL_FUNCTIONS:
        row.insert(0, maker)
        maker = graph.maker(maker.inputs[0])
    if maker is None or maker.kind != "DEQUANTIZE" or maker.inputs[0].type != "INT8":
        return []
    return [maker, *row]
