"""Rewrites of a graph that make it smaller and leave its outputs as they are. Each changes the graph it is
given.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convlet.graph import Graph, Operator, Tensor
from convlet.ops import REGISTRY, reduction
from convlet.ops.concatenation import axis_of
from convlet.ops.gather import gather_of, keeps_order
from convlet.ops.movement import MOVES, PADS, RESHAPES, fill_value, moved_index, pads_of, reads_single_rows
from convlet.ops.shape_arithmetic import fold
from convlet.ops.window import window_of

_STRIDES = "stride_h", "stride_w"
_DILATIONS = "dilation_h", "dilation_w"
_PADDED = ("CONV_2D", "DEPTHWISE_CONV_2D")
_MOST_PADS = 63  # of one side, so that the sum of some of them still fits a record


def simplify(graph: Graph) -> None:
    """All passes, in the order in which they help each other."""
    drop_unread(graph)
    keep_reduced_axes(graph)
    split_concatenations(graph)
    elide_reshapes(graph)
    fold_pads(graph)
    merge_moves(graph)
    elide_reshapes(graph)


def fold_constants(graph: Graph) -> None:
    """Compute the integers that follow from shapes and constants alone, and remove the operators that made them."""
    for operator in graph.operators.copy():
        folded = fold(operator)
        if folded is not None:
            operator.output.data = folded
            graph.operators.remove(operator)


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


def fold_pads(graph: Graph) -> None:
    """Let convolutions pad for themselves where a PAD, with the value that they would pad with, goes before them."""
    for pad in reversed(graph.operators.copy()):
        if pad.kind not in PADS or pad.output in graph.outputs or not _pads_with_zero(pad):
            continue
        readers = graph.readers(pad.output)
        if all(reader.kind in _PADDED and reader.inputs[0] is pad.output for reader in readers):
            (top, _), (left, _), _ = _pads_of_rows(pad)
            for reader in readers:
                window = window_of(reader, *reader.inputs[1].shape[1:3])
                reader.options["pads"] = window.pad_top + top, window.pad_left + left
                reader.inputs[0] = pad.inputs[0]
            graph.operators.remove(pad)


def _pads_of_rows(pad: Operator) -> list[tuple[int, int]]:
    """What goes before and behind height, width and channels."""
    return [(0, 0), (0, 0), *pads_of(pad)][-3:]


def _pads_with_zero(pad: Operator) -> bool:
    """Whether it pads height and width only, and with what stands for the real number 0."""
    *others, channels = pads_of(pad)
    if any(channels) or np.any(others[:-2]) or np.max(others, initial=0) > _MOST_PADS:
        return False
    return _alike(pad.inputs[0], pad.output) and fill_value(pad) == pad.output.zero_point


def _alike(a: Tensor, b: Tensor) -> bool:
    """Whether the same int8 value means the same in both."""
    return a.zero_point == b.zero_point and a.tensor_scale == b.tensor_scale


def merge_moves(graph: Graph) -> None:
    """Make operators that only move values, and follow each other, one; RESHAPE where the order stays."""
    for operator in graph.operators.copy():
        if operator.kind not in MOVES:
            continue
        source, index, fill = _longest_move(graph, operator)
        if _is_reshape(index, source):
            operator.kind, operator.inputs = "RESHAPE", [source]
        elif source is not operator.computed[0]:
            operator.kind, operator.inputs = "COPY", [source]
            operator.options = {"index": index, "fill": fill}
    drop_unread(graph)


def _is_reshape(index: np.ndarray, source: Tensor) -> bool:
    return index.size == np.prod(source.rows) and keeps_order(index)


def _longest_move(graph: Graph, last: Operator) -> tuple[Tensor, np.ndarray, int]:
    """The farthest tensor from which the engine can make the output of `last` in one go, where the values lie in
    it, and the fill value.
    """
    source, index, fill = last.computed[0], moved_index(last), fill_value(last)
    best = source, index, fill
    while (
        (before := graph.maker(source)) is not None and before.kind in MOVES and source not in graph.outputs
    ):
        earlier, filled = moved_index(before).ravel(), index < 0
        if not filled.any():
            fill = fill_value(before)
        elif (earlier < 0).any() and fill_value(before) != fill:
            break
        index = np.where(filled, index, earlier[index])
        source = before.computed[0]
        if _pays(last, before, index, best[0]):
            best = source, index, fill
    return best


def _pays(last: Operator, before: Operator, index: np.ndarray, nearer: Tensor) -> bool:
    """Whether `last` should read the input of `before`, which is farther away, and not `nearer`: row by row, or the
    whole where it is read whole anyway, or is not larger than what `last` would read whole.
    """
    source = before.computed[0]
    if _is_reshape(index, source):
        return True
    gather = gather_of(index)
    if gather is None:
        return False
    if gather.reads_single_rows(source.rows) or not reads_single_rows(before):
        return True
    return not reads_single_rows(last) and bool(np.prod(source.rows) <= np.prod(nearer.rows))


def elide_reshapes(graph: Graph) -> None:
    """Remove each RESHAPE whose input can have its shape from the start, or whose readers can take its input as it
    is.
    """
    for operator in graph.operators.copy():
        if operator.kind not in RESHAPES:
            continue
        source, result = operator.inputs[0], operator.output
        if not _alike(source, result) or (source in graph.inputs and result in graph.outputs):
            continue
        if _may_have_shape(graph, operator):
            source.shape, source.batch = result.shape, result.batch
        elif not _reads_any_shape(graph, operator):
            continue
        graph.operators.remove(operator)
        _replace(graph, result, source)


def _may_have_shape(graph: Graph, reshape: Operator) -> bool:
    """Whether the input of the RESHAPE, which nobody else reads, could as well have the shape of its output."""
    source, result = reshape.inputs[0], reshape.output
    if graph.readers(source) != [reshape] or source in graph.outputs:
        return False
    maker = graph.maker(source)
    return maker is None or (source.rows == result.rows and not _counts_axes(maker))


def _reads_any_shape(graph: Graph, reshape: Operator) -> bool:
    """Whether nobody behind the RESHAPE needs its output cut into the rows that it makes."""
    source, result = reshape.inputs[0], reshape.output
    readers = graph.readers(result)
    if source.rows == result.rows:
        return source.full_shape == result.full_shape or not any(map(_counts_axes, readers))
    return all(reader.kind == "FULLY_CONNECTED" and reader.output.rows[:2] == (1, 1) for reader in readers)


def _counts_axes(operator: Operator) -> bool:
    """Whether it means an axis by its number, and not height, width or channels."""
    return REGISTRY[operator.kind].any_shape


def split_concatenations(graph: Graph) -> None:
    """Make of each CONCATENATION a chain of those that join two tensors: the engine's reads two."""
    for operator in graph.operators.copy():
        if operator.kind != "CONCATENATION":
            continue
        if len(operator.inputs) == 1:
            operator.kind, operator.options = "RESHAPE", {}
        while len(operator.inputs) > 2:
            pair = _joined(operator, operator.inputs[:2])
            graph.operators.insert(graph.operators.index(operator), pair)
            operator.inputs = [pair.output, *operator.inputs[2:]]


def _joined(operator: Operator, inputs: list[Tensor]) -> Operator:
    """The CONCATENATION of these inputs of `operator`."""
    result, joined = operator.output, len(operator.output.full_shape) - axis_of(operator)
    shape = list(result.full_shape)
    shape[joined] = sum(tensor.full_shape[joined] for tensor in inputs)
    rest = tuple(shape if result.batch is None else shape[1:])
    tensor = replace(result, name=f"{result.name} to {shape[joined]}", shape=rest)
    return Operator(operator.kind, operator.position, inputs, tensor, operator.options)


def _replace(graph: Graph, old: Tensor, new: Tensor) -> None:
    for operator in graph.operators:
        operator.inputs = [new if tensor is old else tensor for tensor in operator.inputs]
    graph.outputs = [new if tensor is old else tensor for tensor in graph.outputs]
