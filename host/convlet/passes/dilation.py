"""Dilation written as SPACE_TO_BATCH_ND, a convolution and BATCH_TO_SPACE_ND becomes dilation."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from convlet.graph import Graph, Operator, Tensor
from convlet.ops.movement import RESHAPES
from convlet.ops.window import window_of

_STRIDES = "stride_h", "stride_w"
_DILATIONS = "dilation_h", "dilation_w"


def fold_space_to_batch(graph: Graph) -> list[str]:
    """Turn SPACE_TO_BATCH_ND, a convolution and BATCH_TO_SPACE_ND into the convolution with a dilation.

    The convolution goes over `block` images side by side, each of which has every `block`-th pixel of the one that
    SPACE_TO_BATCH_ND has padded. What does not have this form stays.
    """
    done = []
    for split in graph.operators.copy():
        if split.kind == "SPACE_TO_BATCH_ND":
            for reader in graph.readers(split.output):
                if reader.kind in RESHAPES:
                    _copy_for_readers(graph, reader)
            _copy_for_readers(graph, split)
    for split in graph.operators.copy():
        if split.kind != "SPACE_TO_BATCH_ND":
            continue
        _lift_lines(graph, split)
        chain = [split, *_only_readers(graph, split.output, 2)]
        if len(chain) == 3 and _is_dilation(*chain):
            images = math.prod(map(int, split.inputs[1].constant))
            graph.is_open |= split.output.full_shape[0] != images * split.inputs[0].full_shape[0]
            _dilate(*chain)
            graph.operators.remove(chain[0])
            graph.operators.remove(chain[2])
            done.append(f"{chain[0]} and {chain[2]} into {chain[1]}")
    return done


def _copy_for_readers(graph: Graph, operator: Operator) -> None:
    """Let each reader of what the operator makes have a copy of its own."""
    for reader in graph.readers(operator.output)[1:]:
        own = replace(operator, inputs=operator.inputs.copy(), output=replace(operator.output))
        graph.operators.insert(graph.operators.index(operator), own)
        reader.inputs = [own.output if tensor is operator.output else tensor for tensor in reader.inputs]


def _lift_lines(graph: Graph, split: Operator) -> None:
    """Of a Conv1D, whose lines become images of one row between SPACE_TO_BATCH_ND and the convolution: let them do so
    before it, and become lines again behind BATCH_TO_SPACE_ND.
    """
    chain = _only_readers(graph, split.output, 4)
    if len(chain) < 4 or chain[0].kind not in RESHAPES or chain[2].kind not in RESHAPES:
        return
    expand, convolution, squeeze, join = chain
    sizes = len(split.output.full_shape), len(convolution.output.full_shape), expand.output.full_shape[1:2]
    if join.kind != "BATCH_TO_SPACE_ND" or sizes != (3, 4, (1,)) or not _is_line(split) or not _is_line(join):
        return
    line, made = split.inputs[0], join.output
    images = [replace(tensor, shape=(1, *tensor.full_shape[1:]), batch=1) for tensor in (line, made)]
    split.inputs = [images[0], *map(_with_rows, split.inputs[1:])]
    join.inputs = [convolution.output, *map(_with_rows, join.inputs[1:])]
    split.output, join.output = expand.output, images[1]
    split.output.batch, *rest = split.output.full_shape
    split.output.shape = tuple(rest)
    expand.inputs[0], expand.output = line, images[0]
    squeeze.inputs[0], squeeze.output = images[1], made
    for early, late in ((split, expand), (squeeze, join)):
        first, second = graph.operators.index(early), graph.operators.index(late)
        graph.operators[first], graph.operators[second] = late, early


def _is_line(operator: Operator) -> bool:
    """Whether it has a block of one axis, and of one image of three axes."""
    shapes = [None if tensor.data is None else tensor.shape for tensor in operator.inputs[1:]]
    larger = operator.inputs[0] if operator.kind == "SPACE_TO_BATCH_ND" else operator.output
    return shapes == [(1,), (1, 2)] and len(larger.full_shape) == 3 and larger.full_shape[0] == 1


def _with_rows(constant: Tensor) -> Tensor:
    """A block, paddings or crops of columns, with those that do nothing to rows before them."""
    data = constant.constant
    data = np.concatenate([np.full((1, *data.shape[1:]), data.ndim == 1, data.dtype), data])
    return replace(constant, shape=data.shape, data=data)


def _only_readers(graph: Graph, tensor: Tensor, count: int) -> list[Operator]:
    """The operators behind `tensor`, each the only reader of what the one before makes; fewer where the row breaks."""
    found: list[Operator] = []
    while len(found) < count and tensor not in graph.outputs:
        readers = graph.readers(tensor)
        if len(readers) != 1:
            break
        found += readers
        tensor = readers[0].output
    return found


def _is_dilation(split: Operator, convolution: Operator, join: Operator) -> bool:
    plain = all(convolution.options.get(name) == 1 for name in (*_STRIDES, *_DILATIONS))
    kinds = convolution.kind in ("CONV_2D", "DEPTHWISE_CONV_2D") and join.kind == "BATCH_TO_SPACE_ND"
    # Of both: the tensor, then constants block int32[2], paddings or crops int32[2, 2].
    constants = [tensor for operator in (split, join) for tensor in operator.inputs[1:]]
    shapes = [None if tensor.data is None else tensor.shape for tensor in constants]
    if not plain or not kinds or shapes != [(2,), (2, 2)] * 2:
        return False
    pairs = (split.inputs[0], split.output), (convolution.output, join.output)
    same_scales = all(a.zero_point == b.zero_point and np.array_equal(a.scale, b.scale) for a, b in pairs)
    same_block = np.array_equal(constants[0].constant, constants[2].constant)
    return (
        same_scales
        and same_block
        and all(
            _sizes_match(operator, larger, smaller)
            for operator, larger, smaller in (
                (split, split.inputs[0], split.output),
                (join, join.output, convolution.output),
            )
        )
    )


def _sizes_match(operator: Operator, larger: Tensor, smaller: Tensor) -> bool:
    """Whether `larger`, with its borders, is cut into images of the size of `smaller`."""
    block, borders = operator.inputs[1].constant, operator.inputs[2].constant
    sizes = zip(larger.rows[:2], smaller.rows[:2], block, borders, strict=True)
    return borders.min() >= 0 and all(
        large + int(border.sum()) == small * int(count) for large, small, count, border in sizes
    )


def _dilate(split: Operator, convolution: Operator, join: Operator) -> None:
    """Give the convolution the dilation, the padding and the tensors of all three."""
    kernel = convolution.inputs[1].shape[1:3]
    options, block = convolution.options, [int(size) for size in split.inputs[1].constant]
    paddings, crops = split.inputs[2].constant, join.inputs[2].constant
    inner = window_of(convolution, *kernel)
    options["pads"] = tuple(
        int(paddings[axis, 0] + block[axis] * pad - crops[axis, 0])
        for axis, pad in enumerate((inner.pad_top, inner.pad_left))
    )
    options |= dict(zip(_DILATIONS, block, strict=True))
    convolution.inputs[0], convolution.output = split.inputs[0], join.output
