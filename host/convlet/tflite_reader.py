"""Reads an int8 `.tflite` file into a Graph."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tflite

from convlet import passes
from convlet.errors import ModelError
from convlet.file_kinds import TFLITE, require_kind
from convlet.graph import Graph, Operator, Tensor, batch_and_shape
from convlet.limits import MOST_FILE_BYTES, MOST_OPERATORS, MOST_VALUES, check_limit
from convlet.ops import REGISTRY
from convlet.ops.advice import instead_of
from convlet.ops.shape_arithmetic import FOLDS, SHAPE_TYPES
from convlet.passes.real_functions import REAL_FUNCTIONS
from convlet.variables import Variable, name_of, replace_variables

# Of other types than INT8: what may make such a tensor; "" is the caller. passes.borders and passes.real_functions have
# the rest.
_BORDERS = {
    "FLOAT32": ("", "DEQUANTIZE", *REAL_FUNCTIONS),
    "UINT8": ("", "QUANTIZE"),
    "INT32": ("", "ARG_MAX"),
    "INT64": ("", "ARG_MAX"),
}
_CONVERT_ANEW = " convert the model with int8 throughout"
_ADVICE = {
    "FLOAT32": " quantise the model first (convlet quantize)",
    "INT16": " convert the model with int8 activations (not 16x8), or quantise it anew (convlet quantize)",
}
_MOST_DIMENSIONS = 8  # TFLite's own operators know no more

_DTYPES: dict[int, np.dtype[Any]] = {
    tflite.TensorType.INT8: np.dtype(np.int8),
    tflite.TensorType.INT32: np.dtype("<i4"),
    tflite.TensorType.INT64: np.dtype("<i8"),
    tflite.TensorType.FLOAT32: np.dtype("<f4"),
}


def _names(enumeration: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if not name.startswith("_")}


_TYPE_NAMES = _names(tflite.TensorType)
_PADDING_NAMES = _names(tflite.Padding)
_ACTIVATION_NAMES = _names(tflite.ActivationFunctionType)


def read_tflite(data: bytes) -> Graph:
    """The graph of the `.tflite` file whose bytes are `data`.

    Raises ModelError when it is no such file, damaged, not int8, has a batch other than 1 or several
    subgraphs.

    >>> graph = read_tflite(Path("digits.tflite").read_bytes())
    >>> graph.inputs[0].shape, [operator.kind for operator in graph.operators][0]
    ((8, 8, 1), 'CONV_2D')
    """
    require_kind(data, TFLITE)
    check_limit("the .tflite file", "bytes", len(data), MOST_FILE_BYTES)
    try:
        reader = _Reader(data)
        graph = reader.graph()
        _check_values(graph)
        replace_variables(graph, list(reader.variables.values()))
        passes.apply(passes.READING, graph)
        _check_values(graph)  # again: some shapes are known only now
        _check_batches(graph)
        return graph
    except (
        struct.error,
        IndexError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        OverflowError,
    ) as error:
        # Whatever a damaged flatbuffer makes the schema package stumble over.
        raise ModelError(
            f"the .tflite file is damaged: {type(error).__name__} while reading it ({error})"
        ) from error


def _check_order(graph: Graph, variables: Iterable[Variable]) -> None:
    """Raises ModelError when an operator or output reads what no earlier operator made."""
    made = {*graph.inputs, *(variable.read for variable in variables if variable.read is not None)}
    for operator in graph.operators:
        read = {tensor for tensor in operator.inputs if tensor.data is None}
        if not operator.inputs or not read <= made:
            raise ModelError(f"{operator} reads no tensor, or one that no earlier operator makes")
        if operator.output in made or operator.output.data is not None:
            raise ModelError(f"{operator} makes tensor {operator.output.name!r}, which is there already")
        made.add(operator.output)
    for tensor in graph.outputs:
        if tensor not in made:
            raise ModelError(f"no operator makes the output {tensor.name!r}")


def _check_values(graph: Graph) -> None:
    """Raises ModelError when the tensors are larger than any that the compiler takes."""
    tensors = [*graph.inputs, *(operator.output for operator in graph.operators)]
    values = sum(math.prod(tensor.full_shape) for tensor in tensors)
    check_limit("the model", "values in all tensors", values, MOST_VALUES)


def _check_batches(graph: Graph) -> None:
    """Raises ModelError for a tensor of several images."""
    for operator in graph.operators:
        if operator.kind == "SPACE_TO_BATCH_ND":
            raise ModelError(
                f"{operator} is supported only before a convolution and BATCH_TO_SPACE_ND "
                "with the same block, which together are a dilated convolution"
            )
    for tensor in [*graph.inputs, *(operator.output for operator in graph.operators)]:
        if tensor.batch not in (1, None):
            raise ModelError(
                f"tensor {tensor.name!r} has batch {tensor.batch}, expected 1: convert the model with batch 1"
            )


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.model = tflite.Model.GetRootAs(data, 0)
        if self.model.SubgraphsLength() < 1:
            raise ModelError("the .tflite file is damaged: it has no subgraph")
        check_limit("the model", "subgraphs", self.model.SubgraphsLength(), MOST_OPERATORS)
        self.variables: dict[str, Variable] = {}
        self.name_bytes = 0
        self._enter(0)

    def _enter(self, subgraph: int) -> None:
        self.subgraph = self.model.Subgraphs(subgraph)
        self.tensors: dict[int, Tensor] = {}
        self.handles: dict[int, Variable] = {}  # by the tensor that stands for it

    def graph(self) -> Graph:
        sources = self._indices(self.subgraph.InputsAsNumpy)
        inputs = [self._activation(index, any_shape=True) for index in sources]
        operators = self._all_operators()
        results = self._indices(self.subgraph.OutputsAsNumpy)
        outputs = [self._activation(index, any_shape=True) for index in results]
        if not inputs or not outputs:
            raise ModelError(
                f"the model has {len(inputs)} inputs and {len(outputs)} outputs, "
                "expected at least one of each"
            )
        graph = Graph(inputs, outputs, operators, remembers=bool(self.variables))
        _check_order(graph, self.variables.values())
        self._read_initial_values()
        return graph

    def _all_operators(self) -> list[Operator]:
        check_limit("the model", "operators", self.subgraph.OperatorsLength(), MOST_OPERATORS)
        positions = range(self.subgraph.OperatorsLength())
        return [operator for position in positions for operator in self._operators(position)]

    def _read_initial_values(self) -> None:
        """What the other subgraphs, which CALL_ONCE runs before all else, assign to the variables."""
        last = {name: variable.assigned for name, variable in self.variables.items()}
        for subgraph in range(1, self.model.SubgraphsLength()):
            self._enter(subgraph)
            if operators := self._all_operators():
                raise ModelError(f"the model has a subgraph with {operators[0]}, expected one")
        for name, variable in self.variables.items():
            assigned, variable.assigned = variable.assigned, last.get(name)
            variable.initial = None if assigned is None or assigned is last.get(name) else assigned.data

    def _handled(self, kind: str, stored: Any, inputs: list[int], outputs: list[int]) -> bool:
        """Note what an operator that is about variables does. Returns whether it is one."""
        if kind == "VAR_HANDLE":
            name = name_of(stored)
            self.handles[outputs[0]] = self.variables.setdefault(name, Variable(name))
        elif kind == "READ_VARIABLE":
            if self.handles[inputs[0]].read is not None:
                raise ModelError(
                    f"the variable {self.handles[inputs[0]].name!r} is read twice, expected once"
                )
            self.handles[inputs[0]].read = self._activation(outputs[0], kind)
        elif kind == "ASSIGN_VARIABLE":
            self.handles[inputs[0]].assigned = self._tensor(inputs[1])
        else:
            return kind == "CALL_ONCE"
        return True

    @staticmethod
    def _indices(read: Callable[[], Any]) -> list[int]:
        """The tensors of a list in the file, which is a number when it is empty."""
        indices = read()
        if isinstance(indices, int):
            return []
        check_limit("a list of the .tflite file", "tensors", len(indices), MOST_OPERATORS)
        return [int(index) for index in indices]

    def _operators(self, position: int) -> list[Operator]:
        """The operator at `position`; where it makes several tensors, one of its kind for each."""
        stored = self.subgraph.Operators(position)
        code = self.model.OperatorCodes(stored.OpcodeIndex())
        # Old files hold the code in one byte, new ones in four.
        kind = tflite.opcode2name(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))
        indices = [index for index in self._indices(stored.InputsAsNumpy) if index >= 0]
        outputs = self._indices(stored.OutputsAsNumpy)
        if self._handled(kind, stored, indices, outputs):
            return []
        inputs = [self._tensor(index) for index in indices]
        several = kind in REGISTRY and REGISTRY[kind].several_outputs
        if len(outputs) != 1 and not (several and outputs):
            raise ModelError(
                f"operator {position} ({kind}) has {len(outputs)} outputs, expected 1.{instead_of([kind])}"
            )
        parts = [self._made(index, kind) for index in outputs]
        operators = [Operator(kind, position, inputs, part) for part in parts]
        for part, operator in enumerate(operators):
            operator.options = self._options(operator, stored.BuiltinOptions())
            if several:
                operator.options |= {"part": part, "parts": parts}
        return operators

    def _options(self, operator: Operator, table: Any) -> dict[str, Any]:
        spec = REGISTRY.get(operator.kind)
        if spec is None or not spec.options:
            return {}
        if table is None:
            raise ModelError(f"{operator} has no options, expected {', '.join(spec.options)}")
        options = spec.options_table()
        options.Init(table.Bytes, table.Pos)
        values = {name: getattr(options, accessor)() for name, accessor in spec.options.items()}
        if "padding" in values:
            values["padding"] = _PADDING_NAMES[values["padding"]]
        if "activation" in values:
            values["activation"] = _ACTIVATION_NAMES[values["activation"]]
        return values

    def _made(self, index: int, kind: str) -> Tensor:
        """The output of an operator of this kind: int8, or integers that passes.fold_constants has to compute."""
        tensor = self._tensor(index)
        if tensor.type in SHAPE_TYPES and kind in FOLDS:
            return tensor
        return self._activation(index, kind, kind in REGISTRY and REGISTRY[kind].any_shape)

    def _activation(self, index: int, kind: str = "", any_shape: bool = False) -> Tensor:
        """A tensor that is computed: int8, one image unless `any_shape`; made by an operator of this kind.

        At the borders of the model uint8 and real values, too.
        """
        tensor = self._tensor(index)
        if tensor.type != "INT8" and kind not in _BORDERS.get(tensor.type, ()):
            advice = instead_of([kind], tensor.name) or _ADVICE.get(tensor.type, _CONVERT_ANEW)
            raise ModelError(f"tensor {tensor.name!r} is {tensor.type}, expected INT8:{advice}")
        if not any_shape and tensor.batch is None and len(tensor.shape) > 1:
            tensor.batch, tensor.shape = tensor.shape[0], tensor.shape[1:]
        # What we do not have is refused by its name, not for its shape.
        is_known_image = not any_shape and kind in REGISTRY
        if (len(tensor.shape) > 3 and is_known_image) or min(tensor.full_shape, default=1) < 1:
            raise ModelError(
                f"tensor {tensor.name!r} has shape {list(tensor.shape)}, "
                f"expected at most height, width, channels.{instead_of([], tensor.name)}"
            )
        if tensor.type not in ("INT8", "UINT8"):
            return tensor
        if len(tensor.scale) != 1 or not (np.isfinite(tensor.scale[0]) and tensor.scale[0] > 0):
            raise ModelError(
                f"tensor {tensor.name!r} has scale {tensor.scale.tolist()}, expected one positive number"
            )
        return tensor

    def _tensor(self, index: int) -> Tensor:
        if index not in self.tensors:
            if not 0 <= index < self.subgraph.TensorsLength():
                raise ModelError(
                    f"the .tflite file is damaged: tensor {index} of {self.subgraph.TensorsLength()}"
                )
            check_limit("the model", "tensors", len(self.tensors) + 1, 16 * MOST_OPERATORS)
            self.tensors[index] = self._read_tensor(self.subgraph.Tensors(index))
        return self.tensors[index]

    def _read_tensor(self, stored: Any) -> Tensor:
        check_limit(f"tensor {len(self.tensors)}", "dimensions", stored.ShapeLength(), _MOST_DIMENSIONS)
        name = (stored.Name() or b"").decode("utf-8", "replace")
        # In a damaged file the name of every tensor may be the whole file.
        self.name_bytes += len(name)
        check_limit("the .tflite file", "bytes of names", self.name_bytes, MOST_FILE_BYTES)
        shape = tuple(int(stored.Shape(axis)) for axis in range(stored.ShapeLength()))
        data = self._constant(stored, name, shape)
        scale, zero_point = np.zeros(0, np.float32), 0
        quantization = stored.Quantization()
        if quantization is not None and quantization.ScaleLength():
            scale = np.asarray(quantization.ScaleAsNumpy(), np.float32)
            zero_points = quantization.ZeroPointAsNumpy() if quantization.ZeroPointLength() else [0]
            zero_point = int(zero_points[0]) - 128 * (stored.Type() == tflite.TensorType.UINT8)
            if not -128 <= zero_point <= 127:
                raise ModelError(f"tensor {name!r} has zero point {zero_point}, expected -128 to 127")
        batch, shape = batch_and_shape(shape) if data is None else (None, shape)
        tensor = Tensor(name, shape, scale, zero_point, data, batch, _TYPE_NAMES[stored.Type()])
        if stored.ShapeSignatureLength() == stored.ShapeLength() > 0:
            signature = stored.ShapeSignatureAsNumpy()
            tensor.open_axes = tuple(axis for axis, size in enumerate(signature) if size < 0)
        return tensor

    def _constant(self, stored: Any, name: str, shape: tuple[int, ...]) -> np.ndarray | None:
        buffer = self.model.Buffers(stored.Buffer())
        if buffer is None or buffer.DataLength() == 0:
            return None
        dtype = _DTYPES.get(stored.Type())
        if dtype is None:
            raise ModelError(
                f"constant {name!r} is {_TYPE_NAMES[stored.Type()]}, expected INT8 weights and INT32 biases"
            )
        # A view of the file, not a copy: in a damaged one a thousand tensors may have the same large buffer.
        return np.frombuffer(buffer.DataAsNumpy(), dtype).reshape(shape)
