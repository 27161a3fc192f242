"""Concatenations of many tensors become those of two, which the engine has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convlet.graph import Graph, Operator, Tensor, batch_and_shape
from convlet.ops.concatenation import axis_of
from convlet.ops.tables import ALL_INPUTS
from convlet.quantization import INT8_MIN


def join_packs(graph: Graph) -> list[str]:
    """Make of each PACK the CONCATENATION of its inputs, which a RESHAPE gives the new axis."""
    done = []
    for operator in graph.operators.copy():
        if operator.kind != "PACK":
            continue
        full_shape = list(operator.output.full_shape)
        full_shape[operator.options["axis"]] = 1
        batch, shape = batch_and_shape(tuple(full_shape))
        pieces = [
            replace(tensor, name=f"{tensor.name} (packed)", shape=shape, batch=batch)
            for tensor in operator.inputs
        ]
        reshapes = [
            Operator("RESHAPE", operator.position, [tensor], piece)
            for tensor, piece in zip(operator.inputs, pieces, strict=True)
        ]
        operator.kind, operator.inputs = "CONCATENATION", pieces
        operator.options = {"axis": operator.options["axis"], "activation": "NONE"}
        at = graph.operators.index(operator)
        graph.operators[at:at] = reshapes
        done.append(str(operator))
    return done


def make_constants(graph: Graph) -> list[str]:
    """Let operators make the constants that a CONCATENATION joins with others: the engine's reads computed tensors.

    They are the greatest of the lowest values, which a table makes of any, and the constant.
    """
    done = []
    for operator in graph.operators.copy():
        if operator.kind != "CONCATENATION" or len(operator.computed) == len(operator.inputs):
            continue
        source, at = operator.computed[0], graph.operators.index(operator)
        for constant in [tensor for tensor in operator.inputs if tensor.data is not None]:
            batch, shape = batch_and_shape(constant.full_shape)
            repeated, lowest, made = (
                replace(source, name=f"{constant.name} ({what})", shape=shape, batch=batch)
                for what in ("repeated", "lowest", "made")
            )
            index = np.zeros(constant.rows, np.int32)
            lowest_of_all = {"table": np.full(len(ALL_INPUTS), INT8_MIN)}
            graph.operators[at:at] = [
                Operator("COPY", operator.position, [source], repeated, {"index": index, "fill": 0}),
                Operator("LOOKUP", operator.position, [repeated], lowest, lowest_of_all),
                Operator("MAXIMUM", operator.position, [lowest, constant], made),
            ]
            at += 3
            operator.inputs = [made if tensor is constant else tensor for tensor in operator.inputs]
            done.append(f"{constant.name!r} for {operator}")
    return done


def split_concatenations(graph: Graph) -> list[str]:
    """Make of each CONCATENATION a chain of those that join two tensors: the engine's reads two."""
    done = []
    for operator in graph.operators.copy():
        if operator.kind != "CONCATENATION":
            continue
        if len(operator.inputs) != 2:
            done.append(f"{operator} of {len(operator.inputs)} tensors")
        if len(operator.inputs) == 1:
            operator.kind, operator.options = "RESHAPE", {}
        while len(operator.inputs) > 2:
            pair = joined_pair(operator, operator.inputs[:2])
            graph.operators.insert(graph.operators.index(operator), pair)
            operator.inputs = [pair.output, *operator.inputs[2:]]
    return done


def joined_pair(operator: Operator, inputs: list[Tensor]) -> Operator:
    """The CONCATENATION of these inputs of `operator`."""
    result, joined = operator.output, len(operator.output.full_shape) - axis_of(operator)
    shape = list(result.full_shape)
    shape[joined] = sum(tensor.full_shape[joined] for tensor in inputs)
    rest = tuple(shape if result.batch is None else shape[1:])
    tensor = replace(result, name=f"{result.name} to {shape[joined]}", shape=rest)
    return Operator(operator.kind, operator.position, inputs, tensor, operator.options)
