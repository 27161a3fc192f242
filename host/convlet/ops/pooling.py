"""MAX_POOL_2D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tflite

from convlet.errors import ModelError
from convlet.graph import Operator
from convlet.node import Node, Window
from convlet.ops.requantization import clamp_of
from convlet.ops.spec import OperatorSpec, reads_one_tensor
from convlet.ops.window import WINDOW_OPTIONS, window_of, windows_on
from convlet.quantization import INT8_MIN

POOL_OPTIONS = WINDOW_OPTIONS | {"kernel_h": "FilterHeight", "kernel_w": "FilterWidth"}


def _window(operator: Operator) -> Window:
    return window_of(operator, operator.options["kernel_h"], operator.options["kernel_w"])


def _check(operator: Operator) -> None:
    reads_one_tensor(operator)
    channels = operator.inputs[0].rows[2], operator.output.rows[2]
    if channels[0] != channels[1]:
        raise ModelError(f"{operator} makes {channels[1]} channels of {channels[0]}")


def _reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """TFLM's reference_integer_ops::MaxPool."""
    clamp_min, clamp_max = clamp_of(operator)
    out_h, out_w, _ = operator.output.rows
    windows = windows_on(inputs[0], _window(operator), out_h, out_w, INT8_MIN)
    return windows.max(axis=(2, 3)).clip(clamp_min, clamp_max).astype(np.int8)


def _lower(operator: Operator, sources: tuple[int, ...]) -> Node:
    clamp_min, clamp_max = clamp_of(operator)
    return Node(
        "MAX_POOL_2D", operator.output, sources, _window(operator), clamp_min=clamp_min, clamp_max=clamp_max
    )


OPERATORS = {
    "MAX_POOL_2D": OperatorSpec(_reference, _lower, _check, tflite.Pool2DOptions, POOL_OPTIONS),
}
