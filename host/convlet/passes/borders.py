"""Values of other types at the borders of a model: real ones and uint8 become ports, which know how to convert them.

An ARG_MAX at the end goes: the model gives the scores, and classify() the class, the first of equals as in TFLM.

Inside, a uint8 tensor is the int8 one with all values and the zero point 128 less: the reader has given it that zero
point, and TFLM's requantisation of both is the same but for the 128.
"""

from __future__ import annotations

from convlet.errors import ModelError
from convlet.graph import Graph, Operator, Tensor
from convlet.ops.advice import instead_of
from convlet.ops.spec import integers


def take_borders(graph: Graph) -> list[str]:
    """Remove every QUANTIZE of a real input and every DEQUANTIZE that makes an output; take uint8 tensors as int8.

    Raises ModelError for an input of real values that is quantised in several ways, or not at all.
    """
    done = [line for tensor in graph.inputs.copy() for line in _take_real_input(graph, tensor)]
    done += _take_real_outputs(graph) + _leave_classes(graph)
    for tensor in graph.inputs:
        if tensor.type not in ("INT8", "UINT8"):
            raise ModelError(f"input {tensor.name!r} is {tensor.type}, expected INT8")
    for tensor in [*graph.inputs, *(operator.output for operator in graph.operators)]:
        if tensor.type == "UINT8":
            _check_readers(graph, tensor)
            tensor.type = "INT8"
            done.append(f"tensor {tensor.name!r}: uint8 taken as int8")
    return done


def _take_real_input(graph: Graph, tensor: Tensor) -> list[str]:
    if tensor.type != "FLOAT32":
        return []
    readers = graph.readers(tensor)
    if not readers or tensor in graph.outputs or any(reader.kind != "QUANTIZE" for reader in readers):
        raise ModelError(
            f"tensor {tensor.name!r} is FLOAT32, expected INT8: quantise the model first (convlet quantize)"
        )
    first = readers[0].output
    for reader in readers:
        _check_shapes(reader)
    if not all(reader.output.is_like(first) for reader in readers):
        raise ModelError(
            f"input {tensor.name!r} is quantised in {len(readers)} ways, expected one: "
            "convert the model with one scale for it, or with int8 inputs"
        )
    for reader in readers:
        graph.operators.remove(reader)
        graph.replace(reader.output, first)
    graph.inputs = [first if old is tensor else old for old in graph.inputs]
    return [f"{reader}: done by the input" for reader in readers]


def _take_real_outputs(graph: Graph) -> list[str]:
    done = []
    for operator in graph.operators.copy():
        if operator.kind != "DEQUANTIZE" or operator.output.type != "FLOAT32":
            continue
        _check_shapes(operator)
        for reader in graph.readers(operator.output):
            if reader.kind != "SHAPE":
                raise ModelError(
                    f"{operator} makes real values in the middle of the model, for {reader}; expected them at its end."
                    f"{instead_of([reader.kind]) or ' Quantise the whole model (convlet quantize).'}"
                )
        graph.operators.remove(operator)
        graph.replace(operator.output, operator.inputs[0])
        done.append(f"{operator}: done by the output")
    return done


def _leave_classes(graph: Graph) -> list[str]:
    done = []
    for operator in graph.operators.copy():
        if operator.kind != "ARG_MAX":
            continue
        _check_class(graph, operator)
        graph.operators.remove(operator)
        graph.replace(operator.output, operator.inputs[0])
        graph.notes.append(
            f"the output of {operator} is a class: the .cvl gives the scores, and classify() the class of the greatest"
        )
        done.append(f"{operator}: left to classify()")
    return done


def _check_class(graph: Graph, operator: Operator) -> None:
    """Raises ModelError unless the ARG_MAX makes an output, and compares the channels."""
    if graph.readers(operator.output):
        raise ModelError(f"{operator} is in the middle of the model.{instead_of(['ARG_MAX'])}")
    if len(operator.inputs) != 2 or operator.inputs[0].data is not None:
        raise ModelError(
            f"{operator} reads {len(operator.inputs)} tensors, expected scores and a constant axis"
        )
    axis, shape = integers(operator, 1), operator.inputs[0].full_shape
    if axis.size != 1 or int(axis.ravel()[0]) not in (-1, len(shape) - 1):
        raise ModelError(
            f"{operator} compares along axis {axis.ravel().tolist()} of {list(shape)}, expected the last one, the "
            f"channels: TRANSPOSE its input.{instead_of(['ARG_MAX'])}"
        )


def _check_shapes(operator: Operator) -> None:
    """Raises ModelError unless it reads one tensor, which is computed and has its output's shape."""
    shapes = [tensor.full_shape for tensor in operator.computed]
    if len(operator.inputs) != 1 or shapes != [operator.output.full_shape]:
        raise ModelError(f"{operator} makes {operator.output.full_shape}, but reads {shapes}")


def _check_readers(graph: Graph, tensor: Tensor) -> None:
    for reader in graph.readers(tensor):
        if reader.kind != "QUANTIZE":
            raise ModelError(
                f"{reader} reads the tensor {tensor.name!r} of type UINT8, expected INT8: convert the model anew, "
                "with int8 (TensorFlow 2.3 or newer)"
            )
