"""Shapes that a file leaves open: TFLite computes them when the model runs, we when it is compiled.

A Keras model with a free batch carries them with it. Where a Dense layer on a sequence or an UpSampling2D has computed
a shape, the converter knows no longer what it is, and writes 1 for each axis that it does not know.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from convlet.errors import ModelError
from convlet.graph import FullShape, Operator, batch_and_shape
from convlet.ops import elementwise, tables
from convlet.ops.concatenation import packed_shape
from convlet.ops.movement import MOVES
from convlet.ops.spec import integers
from convlet.ops.window import size_out

FIXED_BATCH = "convert the model with a batch of 1, as convlet quantize does with the .keras file"


def close_shape(operator: Operator) -> bool:
    """Give the operator's output the shape that follows from its inputs, where the file leaves it open.

    Returns whether that is another one than the file's. Raises ModelError where it does not follow from them.
    """
    result = operator.output
    if not result.open_axes or operator.kind not in _RULES:
        if any(axis > 0 for axis in result.open_axes):
            raise ModelError(f"{operator} makes a tensor whose shape the file leaves open: {FIXED_BATCH}")
        return False
    try:
        shape = _RULES[operator.kind](operator)
    except (ValueError, IndexError, TypeError, ArithmeticError, KeyError) as error:
        raise ModelError(f"{operator} has inputs that do not fit together: {error}") from error
    if min(shape, default=1) < 1:
        raise ModelError(f"{operator} makes a tensor of shape {list(shape)}, expected lengths of at least 1")
    if shape == result.full_shape:
        return False
    result.batch, result.shape = batch_and_shape(shape)
    return True


def _same(operator: Operator) -> FullShape:
    return operator.inputs[0].full_shape


def _broadcast(operator: Operator) -> FullShape:
    return np.broadcast_shapes(*(tensor.full_shape for tensor in operator.inputs))


def _windows(operator: Operator) -> FullShape:
    """Of a convolution or a pool."""
    options = operator.options
    batch, *sizes, channels = operator.inputs[0].full_shape
    if "kernel_h" in options:
        kernel = [options["kernel_h"], options["kernel_w"]]
    else:
        first, *kernel, last = operator.inputs[1].shape
        channels = first if operator.kind == "CONV_2D" else last
    made = [
        size_out(
            size,
            kernel[i],
            options[f"stride_{axis}"],
            options.get(f"dilation_{axis}", 1),
            options["padding"] == "SAME",
        )
        for i, (size, axis) in enumerate(zip(sizes, "hw", strict=True))
    ]
    return batch, *made, channels


def _dense(operator: Operator) -> FullShape:
    units, count = operator.inputs[1].shape
    shape = operator.inputs[0].full_shape
    if len(operator.output.full_shape) == len(shape):
        return *shape[:-1], units
    return math.prod(shape) // count, units


def _reshape(operator: Operator) -> FullShape:
    """micro/kernels/reshape.cc: -1 is what is left."""
    values = math.prod(operator.inputs[0].full_shape)
    shape = integers(operator, 1).ravel().tolist()
    rest = math.prod(size for size in shape if size != -1)
    return tuple(values // rest if size == -1 else size for size in shape)


def _expand_dims(operator: Operator) -> FullShape:
    shape, axis = operator.inputs[0].full_shape, int(integers(operator, 1).ravel()[0])
    axis += (len(shape) + 1) * (axis < 0)
    return *shape[:axis], 1, *shape[axis:]


def _tile(operator: Operator) -> FullShape:
    counts = integers(operator, 1).tolist()
    return tuple(size * count for size, count in zip(operator.inputs[0].full_shape, counts, strict=True))


def _pad(operator: Operator) -> FullShape:
    pads = integers(operator, 1).reshape(-1, 2).sum(axis=1).tolist()
    return tuple(size + pad for size, pad in zip(operator.inputs[0].full_shape, pads, strict=True))


def _concatenation(operator: Operator) -> FullShape:
    shapes = [list(tensor.full_shape) for tensor in operator.inputs]
    axis, joined = operator.options["axis"], shapes[0]
    joined[axis] = sum(shape[axis] for shape in shapes)
    return tuple(joined)


def _moved(operator: Operator) -> FullShape:
    """Of a move that says itself what it makes: of no values, but a shape."""
    nothing = np.broadcast_to(np.int8(0), operator.inputs[0].full_shape)
    return MOVES[operator.kind](operator, nothing, 0).shape


_RULES: dict[str, Callable[[Operator], FullShape]] = {
    **dict.fromkeys((*tables.OPERATORS, "SOFTMAX"), _same),
    **dict.fromkeys(elementwise.OPERATORS, _broadcast),
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D"), _windows),
    **dict.fromkeys(("PAD", "PADV2"), _pad),
    **dict.fromkeys(("TRANSPOSE", "SLICE", "STRIDED_SLICE", "UNPACK"), _moved),
    "FULLY_CONNECTED": _dense,
    "RESHAPE": _reshape,
    "EXPAND_DIMS": _expand_dims,
    "PACK": packed_shape,
    "TILE": _tile,
    "CONCATENATION": _concatenation,
}
