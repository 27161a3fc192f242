"""Concatenations of many tensors become those of two, which the engine has."""

from __future__ import annotations

from dataclasses import replace

from convlet.graph import Graph, Operator, Tensor, batch_and_shape
from convlet.ops.concatenation import axis_of


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
