"""Operators that put values into other places and change none: PAD, SLICE, TILE, TRANSPOSE, DEPTH_TO_SPACE ...

Each has one function in MOVES that does it in numpy, on an array of any type. On int8 values it is the reference;
on the places of the values in the flat input it tells the compiler where each comes from. TFLM ignores the scales
of these operators, and so do we.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tflite

from convlet.errors import ModelError
from convlet.graph import Operator
from convlet.node import Node, Window
from convlet.ops.gather import gather_of, lower_gather
from convlet.ops.spec import OperatorSpec, integers

Move = Callable[[Operator, np.ndarray, int], np.ndarray]

MOST_VALUES = 1 << 24  # of a tensor whose places are looked at one by one


def moved_index(operator: Operator) -> np.ndarray:
    """int32, of the output's rows: for each value its place in the flat input, -1 for the fill value.

    Raises ModelError when the operator's options do not make its output's shape.
    """
    source, result = operator.computed[0], operator.output
    sizes = math.prod(source.rows), math.prod(result.rows)
    if max(sizes) > MOST_VALUES:
        raise ModelError(f"{operator} moves {max(sizes)} values, expected at most {MOST_VALUES}")
    places = np.arange(sizes[0], dtype=np.int32).reshape(source.full_shape)
    try:
        moved = MOVES[operator.kind](operator, places, -1)
    except (ValueError, IndexError, TypeError, ArithmeticError) as error:
        raise ModelError(f"{operator} has options that do not fit its input: {error}") from error
    if moved.shape != result.full_shape:
        raise ModelError(f"{operator} makes shape {list(moved.shape)}, expected {list(result.full_shape)}")
    return moved.reshape(result.rows)


def fill_value(operator: Operator) -> int:
    """What the operator puts where nothing of its input goes."""
    if operator.kind == "COPY":
        return int(operator.options["fill"])
    constants = [tensor.constant for tensor in operator.inputs[2:]]
    if operator.kind in PADS and constants:
        return int(constants[0].reshape(1)[0])
    return operator.output.zero_point


def reads_single_rows(operator: Operator) -> bool:
    """Whether the engine can do this move with few rows of its input at a time."""
    if operator.kind == "SPACE_TO_DEPTH":
        return True
    gather = gather_of(moved_index(operator))
    return gather is not None and gather.reads_single_rows(operator.computed[0].rows)


def _check(operator: Operator) -> None:
    if len(operator.computed) != 1:
        raise ModelError(f"{operator} reads {len(operator.computed)} computed tensors, expected 1")
    moved_index(operator)


def _reference(operator: Operator, inputs: Sequence[np.ndarray]) -> np.ndarray:
    values = inputs[0].reshape(operator.computed[0].full_shape)
    return MOVES[operator.kind](operator, values, fill_value(operator))


def lower_move(operator: Operator, sources: tuple[int, ...]) -> Node:
    """The COPY for this operator. Raises ModelError when its rows, columns and channels do not move independently."""
    gather = gather_of(moved_index(operator))
    if gather is None:
        raise ModelError(f"{operator} mixes height, width and channels in a way that is not supported")
    return lower_gather(gather, operator.output, operator.computed[0].rows, sources, fill_value(operator))


def pads_of(operator: Operator) -> list[tuple[int, int]]:
    """Of a PAD, PADV2 or MIRROR_PAD: what goes before and behind each axis."""
    pads = [(before, behind) for before, behind in integers(operator, 1).reshape(-1, 2).tolist()]
    source, result = operator.inputs[0].full_shape, operator.output.full_shape
    made = tuple(before + size + behind for size, (before, behind) in zip(source, pads, strict=True))
    if made != result or min(min(pair) for pair in pads) < 0:
        raise ModelError(f"{operator} pads {list(source)} by {pads}, but makes {list(result)}")
    return pads


def _pad(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    """TFLM's reference_ops::Pad; PAD fills with the output's zero point (micro/kernels/pad.cc)."""
    return np.pad(x, pads_of(operator), constant_values=fill)


def _mirror_pad(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    """micro/kernels/mirror_pad.cc, where the pad is not longer than what can be mirrored."""
    symmetric = operator.options["mode"] == tflite.MirrorPadMode.SYMMETRIC
    pads = pads_of(operator)
    for size, pair in zip(x.shape, pads, strict=True):
        if max(pair) > size - (not symmetric):
            raise ModelError(f"{operator} mirrors {max(pair)} values of an axis of {size}")
    return np.pad(x, pads, mode="symmetric" if symmetric else "reflect")


def _slice(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    """micro/kernels/slice.cc: a size of -1 is all that is left."""
    begins, sizes = integers(operator, 1).tolist(), integers(operator, 2).tolist()
    if min(begins) < 0 or min(sizes) < -1:
        raise ModelError(f"{operator} begins at {begins} with sizes {sizes}")
    pairs = zip(begins, sizes, x.shape, strict=True)
    return x[tuple(slice(begin, most if size < 0 else begin + size) for begin, size, most in pairs)]


def _strided_slice(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    """micro/kernels/strided_slice.cc with internal/strided_slice_logic.h. It knows no ellipsis and no new axes."""
    options = operator.options
    if options["ellipsis_mask"] or options["new_axis_mask"] or options["offset"]:
        raise ModelError(f"{operator} has an ellipsis, new axes or offsets, which TFLM does not know")
    begins, ends, strides = (integers(operator, i).tolist() for i in (1, 2, 3))
    pieces: list[slice | int] = []
    for axis, (begin, end, stride) in enumerate(zip(begins, ends, strides, strict=True)):
        bit = 1 << axis
        if options["shrink_axis_mask"] & bit:
            if stride < 1:
                raise ModelError(f"{operator} takes one value backwards")
            pieces.append(0 if options["begin_mask"] & bit else begin)
        else:
            begin = None if options["begin_mask"] & bit else begin
            end = None if options["end_mask"] & bit else end
            pieces.append(slice(begin, end, stride))
    if len(pieces) != x.ndim:
        raise ModelError(f"{operator} slices {len(pieces)} axes of {x.ndim}")
    return x[tuple(pieces)]


def _part(operator: Operator, x: np.ndarray, axis: int) -> np.ndarray:
    """Part `part` of the tensors that a SPLIT or SPLIT_V makes. TFLM goes by their shapes: micro/kernels/split.cc."""
    part, parts = operator.options["part"], operator.options["parts"]
    sizes = [tensor.full_shape[axis] for tensor in parts]
    if sum(sizes) != x.shape[axis]:
        raise ModelError(f"{operator} splits {x.shape[axis]} values into {sizes}")
    begin = sum(sizes[:part])
    return np.moveaxis(np.moveaxis(x, axis, 0)[begin : begin + sizes[part]], 0, axis)


def _split(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    return _part(operator, x, int(integers(operator, 0).reshape(1)[0]))


def _split_v(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    return _part(operator, x, int(integers(operator, 2).reshape(1)[0]))


def _unpack(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    """micro/kernels/unpack.cc"""
    axis, count = operator.options["axis"], len(operator.options["parts"])
    if x.shape[axis] != count:
        raise ModelError(f"{operator} takes {x.shape[axis]} values apart into {count}")
    return x.take(operator.options["part"], axis)


def _tile(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    counts = integers(operator, 1).tolist()
    made = tuple(size * count for size, count in zip(x.shape, counts, strict=True))
    if made != operator.output.full_shape:
        raise ModelError(f"{operator} repeats {list(x.shape)} {counts} times, which does not make its output")
    return np.tile(x, counts)


def _broadcast_to(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    return np.broadcast_to(x, operator.output.full_shape)


def _transpose(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    return x.transpose(integers(operator, 1).tolist())


def _nearest(size_in: int, size: int, align_corners: bool, half_pixel_centers: bool) -> np.ndarray:
    """int [size]: the pixel that each pixel is taken from.

    GetNearestNeighbor of tensorflow/lite/kernels/internal/reference/resize_nearest_neighbor.h, in float32 as there.
    """
    one = np.float32(1)
    if align_corners and size > 1:
        scale = one * (size_in - 1) / np.float32(size - 1)
    else:
        scale = one * size_in / np.float32(size)
    offset = np.float32(0.5 if half_pixel_centers else 0.0)
    at = (np.arange(size).astype(np.float32) + offset) * scale
    # TfLiteRound takes halves away from zero; nothing here is below zero.
    whole = np.floor(at)
    near = whole + (at - whole >= np.float32(0.5)) if align_corners else whole
    return np.minimum(near.astype(np.int64), size_in - 1)


def _resize_nearest(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    options = operator.options
    wanted, made = integers(operator, 1).tolist(), operator.output.full_shape
    if x.ndim != 4 or list(made[1:3]) != wanted:
        raise ModelError(f"{operator} makes {list(made)} of {list(x.shape)}, expected {wanted} pixels")
    for axis in (1, 2):
        places = _nearest(x.shape[axis], made[axis], options["align_corners"], options["half_pixel_centers"])
        x = x.take(places, axis)
    return x


def _depth_to_space(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    """TFLM's reference_ops::DepthToSpace."""
    block = operator.options["block_size"]
    batch, height, width, channels = x.shape
    apart = x.reshape(batch, height, width, block, block, channels // block**2)
    return apart.transpose(0, 1, 3, 2, 4, 5).reshape(batch, height * block, width * block, -1)


def _space_to_depth(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    """TFLM's reference_ops::SpaceToDepth."""
    block = operator.options["block_size"]
    batch, height, width, channels = x.shape
    apart = x.reshape(batch, height // block, block, width // block, block, channels)
    return apart.transpose(0, 1, 3, 2, 4, 5).reshape(batch, height // block, width // block, -1)


def _reshape(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    """RESHAPE, SQUEEZE and EXPAND_DIMS: the output's shape says it all, as it does in TFLM."""
    return x.reshape(operator.output.full_shape)


def _copy(operator: Operator, x: np.ndarray, fill: int) -> np.ndarray:
    """What passes.merge_moves makes of several moves; its index has the places in the flat input."""
    index = operator.options["index"]
    moved = np.where(index < 0, np.array(fill, x.dtype), x.ravel()[index])
    return moved.reshape(operator.output.full_shape)


def _lower_space_to_depth(operator: Operator, sources: tuple[int, ...]) -> Node:
    block = operator.options["block_size"]
    return Node("SPACE_TO_DEPTH", operator.output, sources, Window(block, block, block, block))


MOVES: dict[str, Move] = {
    "PAD": _pad,
    "PADV2": _pad,
    "MIRROR_PAD": _mirror_pad,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    "SPLIT": _split,
    "SPLIT_V": _split_v,
    "UNPACK": _unpack,
    "TILE": _tile,
    "BROADCAST_TO": _broadcast_to,
    "TRANSPOSE": _transpose,
    "RESIZE_NEAREST_NEIGHBOR": _resize_nearest,
    "DEPTH_TO_SPACE": _depth_to_space,
    "SPACE_TO_DEPTH": _space_to_depth,
    "RESHAPE": _reshape,
    "SQUEEZE": _reshape,
    "EXPAND_DIMS": _reshape,
    "COPY": _copy,
}
PADS = ("PAD", "PADV2")
RESHAPES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")  # their specification stands in reshape.py

_MASKS = {
    "begin_mask": "BeginMask",
    "end_mask": "EndMask",
    "ellipsis_mask": "EllipsisMask",
    "new_axis_mask": "NewAxisMask",
    "shrink_axis_mask": "ShrinkAxisMask",
    "offset": "Offset",
}
_RESIZE = {"align_corners": "AlignCorners", "half_pixel_centers": "HalfPixelCenters"}
_BLOCK = {"block_size": "BlockSize"}
_OPTIONS: dict[str, tuple[Any, dict[str, str]]] = {
    "UNPACK": (tflite.UnpackOptions, {"axis": "Axis"}),
    "MIRROR_PAD": (tflite.MirrorPadOptions, {"mode": "Mode"}),
    "STRIDED_SLICE": (tflite.StridedSliceOptions, _MASKS),
    "RESIZE_NEAREST_NEIGHBOR": (tflite.ResizeNearestNeighborOptions, _RESIZE),
    "DEPTH_TO_SPACE": (tflite.DepthToSpaceOptions, _BLOCK),
    "SPACE_TO_DEPTH": (tflite.SpaceToDepthOptions, _BLOCK),
}
_LOWERED = {"SPACE_TO_DEPTH": _lower_space_to_depth}


def _spec(kind: str) -> OperatorSpec:
    table, options = _OPTIONS.get(kind, (None, {}))
    return OperatorSpec(
        _reference,
        _LOWERED.get(kind, lower_move),
        _check,
        table,
        options,
        any_shape=True,
        counts_axes=True,
        several_outputs=kind in ("SPLIT", "SPLIT_V", "UNPACK"),
    )


OPERATORS = {kind: _spec(kind) for kind in MOVES.keys() - RESHAPES}
