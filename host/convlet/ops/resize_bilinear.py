"""RESIZE_BILINEAR, in the fixed-point arithmetic of tensorflow/lite/kernels/internal/reference/resize_bilinear.h."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tflite

from convlet.errors import ModelError
from convlet.graph import Operator
from convlet.node import Node, Window
from convlet.ops.spec import OperatorSpec, integers, reads_one_tensor

_ONE = 1 << 10  # positions are counted in 1 / 1024 of a pixel


@dataclass(frozen=True)
class _Axis:
    """Pixel i of the output lies at `begin` + i * `scale` of `size_in` pixels."""

    begin: int
    scale: int
    size_in: int
    size: int

    def places(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """int [size] each: the pixel before, the one behind, and the distance from the first in 1 / 1024."""
        at = np.maximum(self.begin + np.arange(self.size) * self.scale, 0)
        before = at // _ONE
        return before, np.minimum(before + 1, self.size_in - 1), at % _ONE


def _axes(operator: Operator) -> tuple[_Axis, _Axis]:
    align, half = operator.options["align_corners"], operator.options["half_pixel_centers"]
    source, result = operator.inputs[0].rows, operator.output.rows
    axes = []
    for size_in, size in zip(source[:2], result[:2], strict=True):
        corners = align and size > 1
        steps, pixels = (size - 1, size_in - 1) if corners else (size, size_in)
        scale = (_ONE * pixels + steps // 2) // steps
        axes.append(_Axis(scale // 2 - _ONE // 2 if half else 0, scale, size_in, size))
    return axes[0], axes[1]


def _check(operator: Operator) -> None:
    reads_one_tensor(operator)
    if operator.options["align_corners"] and operator.options["half_pixel_centers"]:
        raise ModelError(f"{operator} has align_corners and half_pixel_centers, which exclude each other")
    source, result = operator.inputs[0].rows, operator.output.rows
    wanted = integers(operator, 1).tolist()
    if list(result[:2]) != wanted or source[2] != result[2]:
        raise ModelError(f"{operator} makes {result} of {source}, expected {wanted} pixels")
    for axis in _axes(operator):
        if axis.places()[0].max() >= axis.size_in:
            raise ModelError(
                f"{operator} makes {axis.size} pixels of {axis.size_in}: "
                "so many that TFLM's rounding leaves the image"
            )


def _reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """ResizeBilinearInteger: the mean of four neighbours, rounded with halves away from zero."""
    x = inputs[0].astype(np.int64)
    vertical, horizontal = _axes(operator)
    above, below, down = vertical.places()
    left, right, along = horizontal.places()
    down, along = down[:, None, None], along[:, None]
    rows = x[above] * (_ONE - down) + x[below] * down
    sums = rows[:, left] * (_ONE - along) + rows[:, right] * along
    half = _ONE * _ONE // 2
    return (np.sign(sums) * ((np.abs(sums) + half) // (_ONE * _ONE))).astype(np.int8)


def _lower(operator: Operator, sources: tuple[int, ...]) -> Node:
    vertical, horizontal = _axes(operator)
    return Node(
        "RESIZE_BILINEAR",
        operator.output,
        sources,
        Window(2, 2),
        row_map=tuple(vertical.places()[0].tolist()),
        table=struct.pack("<4i", vertical.begin, vertical.scale, horizontal.begin, horizontal.scale),
    )


OPERATORS = {
    "RESIZE_BILINEAR": OperatorSpec(
        _reference,
        _lower,
        _check,
        tflite.ResizeBilinearOptions,
        {"align_corners": "AlignCorners", "half_pixel_centers": "HalfPixelCenters"},
    ),
}
