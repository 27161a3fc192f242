"""Rewrites of a graph that make it smaller and leave its outputs as they are. Each changes the graph it is
given.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convlet.graph import Graph, Operator, Tensor
from convlet.ops import reduction
from convlet.ops.window import window_of

_STRIDES = "stride_h", "stride_w"
_DILATIONS = "dilation_h", "dilation_w"


def simplify(graph: Graph) -> None:
    """All passes, in the order in which they help each other."""
    drop_unread(graph)
    keep_reduced_axes(graph)
    elide_reshapes(graph)


def drop_unread(graph: Graph) -> None:
    """Remove operators whose output nobody reads."""
    for operator in reversed(graph.operators.copy()):
        if operator.output not in graph.outputs and not graph.readers(operator.output):
            graph.operators.remove(operator)


def fold_space_to_batch(graph: Graph) -> None:
    """Turn SPACE_TO_BATCH_ND, a convolution and BATCH_TO_SPACE_ND into the convolution with a dilation.

    The convolution goes over `block` images side by side, each of which has every `block`-th pixel of the one that
    SPACE_TO_BATCH_ND has padded. What does not have this form stays.
    """
    for split in graph.operators.copy():
        if split.kind != "SPACE_TO_BATCH_ND":
            continue
        chain = [split, *_only_readers(graph, split.output, 2)]
        if len(chain) == 3 and _is_dilation(*chain):
            _dilate(*chain)
            graph.operators.remove(chain[0])
            graph.operators.remove(chain[2])


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


def keep_reduced_axes(graph: Graph) -> None:
    """Make every reduction keep the axes that it reduces, with a RESHAPE behind it where rows are cut otherwise."""
    for operator in graph.operators.copy():
        if operator.kind not in reduction.OPERATORS:
            continue
        operator.options["axes"] = reduction.reduced_axes(operator)
        kept, result = reduction.kept_rows(operator), operator.output
        if kept == result.rows:
            continue
        operator.output = replace(result, name=f"{result.name} (kept)", shape=kept)
        reshape = Operator("RESHAPE", operator.position, [operator.output], result)
        graph.operators.insert(graph.operators.index(operator) + 1, reshape)


def elide_reshapes(graph: Graph) -> None:
    """Remove each RESHAPE whose readers can take its input as it is, or whose input can have its shape from
    the start.
    """
    for operator in graph.operators.copy():
        if operator.kind != "RESHAPE":
            continue
        source, result = operator.inputs[0], operator.output
        if source in graph.inputs and graph.readers(source) == [operator] and source not in graph.outputs:
            source.shape = result.shape
        elif not _reads_any_shape(graph, operator):
            continue
        graph.operators.remove(operator)
        _replace(graph, result, source)


def _reads_any_shape(graph: Graph, reshape: Operator) -> bool:
    """Whether nobody behind the RESHAPE needs its output cut into the rows that it makes."""
    source, result = reshape.inputs[0], reshape.output
    if source.rows == result.rows:
        return True
    if source in graph.inputs and result in graph.outputs:
        return False
    return all(
        reader.kind == "FULLY_CONNECTED" and reader.output.rows[:2] == (1, 1)
        for reader in graph.readers(result)
    )


def _replace(graph: Graph, old: Tensor, new: Tensor) -> None:
    for operator in graph.operators:
        operator.inputs = [new if tensor is old else tensor for tensor in operator.inputs]
    graph.outputs = [new if tensor is old else tensor for tensor in graph.outputs]
