"""Builds small int8 `.tflite` files, one operator or more, for tests: what a converter would write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import tflite

INT8, INT16, INT32 = tflite.TensorType.INT8, tflite.TensorType.INT16, tflite.TensorType.INT32
UINT8, FLOAT32 = tflite.TensorType.UINT8, tflite.TensorType.FLOAT32
Options = Callable[[flatbuffers.Builder], int]


@dataclass
class BuiltTensor:
    """`shape` with its batch; one scale and zero point, or scales for each channel along `axis`; `signature`: the shape
    with -1 for each axis that the file leaves open.
    """

    shape: Sequence[int]
    scale: Sequence[float] = ()
    zero_point: int = 0
    data: np.ndarray | None = None
    axis: int = 0
    type: int = INT8
    signature: Sequence[int] = ()


@dataclass
class BuiltOperator:
    code: int
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: Options
    options_type: int


@dataclass
class Builder:
    """Collects tensors and operators; `build` gives the bytes."""

    tensors: list[BuiltTensor] = field(default_factory=list)
    operators: list[BuiltOperator] = field(default_factory=list)

    def tensor(self, shape: Sequence[int], scale: float, zero_point: int) -> int:
        self.tensors.append(BuiltTensor(shape, [scale], zero_point))
        return len(self.tensors) - 1

    def constant(self, data: np.ndarray, scale: Sequence[float] = (), axis: int = 0) -> int:
        kind = {"int8": INT8, "int32": INT32, "float32": FLOAT32}[str(data.dtype)]
        self.tensors.append(BuiltTensor(data.shape, scale, 0, data, axis, kind))
        return len(self.tensors) - 1

    def operator(
        self, name: str, inputs: Sequence[int], output: int, options_name: str, **fields: Any
    ) -> None:
        """Add the operator `name` with the fields of its options table, e.g. StrideH=2."""
        self.operators_of(name, inputs, [output], options_name, **fields)

    def operators_of(
        self, name: str, inputs: Sequence[int], outputs: Sequence[int], options_name: str, **fields: Any
    ) -> None:
        """The same for an operator with several outputs."""

        def options(builder: flatbuffers.Builder) -> int:
            getattr(tflite, f"{options_name}Start")(builder)
            for key, value in fields.items():
                getattr(tflite, f"{options_name}Add{key}")(builder, value)
            return getattr(tflite, f"{options_name}End")(builder)

        code = getattr(tflite.BuiltinOperator, name)
        options_type = getattr(tflite.BuiltinOptions, options_name)
        self.operators.append(BuiltOperator(code, inputs, outputs, options, options_type))

    def build(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        b = flatbuffers.Builder(1024)
        buffers = [self._buffer(b, None)] + [self._buffer(b, tensor.data) for tensor in self.tensors]
        tensors = [self._tensor(b, index + 1, tensor) for index, tensor in enumerate(self.tensors)]
        codes = sorted({operator.code for operator in self.operators})
        operators = [self._operator(b, codes, operator) for operator in self.operators]
        tensor_list = _offsets(b, tflite.SubGraphStartTensorsVector, tensors)
        operator_list = _offsets(b, tflite.SubGraphStartOperatorsVector, operators)
        ins, outs = _ints(b, inputs), _ints(b, outputs)
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, tensor_list)
        tflite.SubGraphAddInputs(b, ins)
        tflite.SubGraphAddOutputs(b, outs)
        tflite.SubGraphAddOperators(b, operator_list)
        subgraphs = _offsets(b, tflite.ModelStartSubgraphsVector, [tflite.SubGraphEnd(b)])
        code_list = _offsets(b, tflite.ModelStartOperatorCodesVector, [_code(b, code) for code in codes])
        buffer_list = _offsets(b, tflite.ModelStartBuffersVector, buffers)
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, code_list)
        tflite.ModelAddSubgraphs(b, subgraphs)
        tflite.ModelAddBuffers(b, buffer_list)
        b.Finish(tflite.ModelEnd(b), b"TFL3")
        return bytes(b.Output())

    @staticmethod
    def _buffer(b: flatbuffers.Builder, data: np.ndarray | None) -> int:
        vector = None if data is None else b.CreateByteVector(data.tobytes())
        tflite.BufferStart(b)
        if vector is not None:
            tflite.BufferAddData(b, vector)
        return tflite.BufferEnd(b)

    @staticmethod
    def _tensor(b: flatbuffers.Builder, buffer: int, tensor: BuiltTensor) -> int:
        name, shape = b.CreateString(f"tensor{buffer - 1}"), _ints(b, tensor.shape)
        signature = _ints(b, tensor.signature) if tensor.signature else None
        quantization = None
        if tensor.scale:
            scales = b.CreateNumpyVector(np.array(tensor.scale, np.float32))
            zeros = b.CreateNumpyVector(np.full(len(tensor.scale), tensor.zero_point, np.int64))
            tflite.QuantizationParametersStart(b)
            tflite.QuantizationParametersAddScale(b, scales)
            tflite.QuantizationParametersAddZeroPoint(b, zeros)
            tflite.QuantizationParametersAddQuantizedDimension(b, tensor.axis)
            quantization = tflite.QuantizationParametersEnd(b)
        tflite.TensorStart(b)
        tflite.TensorAddShape(b, shape)
        tflite.TensorAddType(b, tensor.type)
        tflite.TensorAddBuffer(b, buffer)
        tflite.TensorAddName(b, name)
        if signature is not None:
            tflite.TensorAddShapeSignature(b, signature)
        if quantization is not None:
            tflite.TensorAddQuantization(b, quantization)
        return tflite.TensorEnd(b)

    @staticmethod
    def _operator(b: flatbuffers.Builder, codes: list[int], operator: BuiltOperator) -> int:
        ins, outs, options = _ints(b, operator.inputs), _ints(b, operator.outputs), operator.options(b)
        tflite.OperatorStart(b)
        tflite.OperatorAddOpcodeIndex(b, codes.index(operator.code))
        tflite.OperatorAddInputs(b, ins)
        tflite.OperatorAddOutputs(b, outs)
        tflite.OperatorAddBuiltinOptionsType(b, operator.options_type)
        tflite.OperatorAddBuiltinOptions(b, options)
        return tflite.OperatorEnd(b)


def _code(b: flatbuffers.Builder, code: int) -> int:
    tflite.OperatorCodeStart(b)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(code, 127))
    tflite.OperatorCodeAddBuiltinCode(b, code)
    tflite.OperatorCodeAddVersion(b, 1)
    return tflite.OperatorCodeEnd(b)


def _ints(b: flatbuffers.Builder, values: Sequence[int]) -> int:
    return b.CreateNumpyVector(np.array(values, np.int32))


def _offsets(b: flatbuffers.Builder, start: Callable[..., Any], offsets: list[int]) -> int:
    start(b, len(offsets))
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return b.EndVector()
