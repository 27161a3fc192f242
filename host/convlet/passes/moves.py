"""Operators that only move values are merged; those that move nothing in the end become a RESHAPE."""

from __future__ import annotations

import numpy as np

from convlet.graph import Graph, Operator, Tensor
from convlet.ops.gather import gather_of, keeps_order
from convlet.ops.movement import MOVES, RESHAPES, fill_value, moved_index, reads_single_rows
from convlet.passes.unread import drop_unread


def merge_moves(graph: Graph) -> list[str]:
    """Make operators that only move values, and follow each other, one; RESHAPE where the order stays."""
    done = []
    for operator in graph.operators.copy():
        if operator.kind not in MOVES:
            continue
        source, index, fill = _longest_move(graph, operator)
        if _is_reshape(index, source):
            if operator.kind not in RESHAPES:
                done.append(f"{operator}: no value comes to another place")
            operator.kind, operator.inputs = "RESHAPE", [source]
        elif source is not operator.computed[0]:
            done.append(f"{operator} with those before it")
            operator.kind, operator.inputs = "COPY", [source]
            operator.options = {"index": index, "fill": fill}
    drop_unread(graph)
    return done


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
