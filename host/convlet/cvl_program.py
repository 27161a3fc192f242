"""The program and the plan in a `.cvl` file: what its records say of the order of work, not what kernels compute."""

from __future__ import annotations

import struct
from dataclasses import fields
from typing import Any

import numpy as np

from convlet.cvl_file import CvlFile, read_cvl
from convlet.errors import ModelError
from convlet.format import (
    FLAG_ACCUMULATES,
    FLAG_B_FIRST,
    FLAG_MAPPED,
    FLAG_PLACED,
    FLAG_STREAM,
    HEADER,
    NO_OPERATOR,
    OPERATOR,
    OPERATORS,
    PORT,
    SCALE,
    STATE,
    WIDE_TILE,
)
from convlet.graph import Tensor
from convlet.node import SUM_BYTES, Node, Window
from convlet.ops import depthwise_3x3, wide
from convlet.plan import Plan
from convlet.program import Program
from convlet.stream_plan import SIMULATED_PERIODS
from convlet.writer import ALIGNMENT


def read_program(data: bytes) -> tuple[Program, Plan]:
    """The program and its plan. Raises ModelError when the engine would refuse the file."""
    file = read_cvl(data)
    input_count = file.header["input_count"]
    nodes = [_node(data, file, index) for index in range(len(file.operators))]
    outputs = [port["op_index"] for port in file.ports[input_count:]]
    program = Program(nodes, input_count, outputs, _period(file))
    placed = [bool(operator["flags"] & FLAG_PLACED) for operator in file.operators]
    places = {
        index: _numbers(data, operator["offset"], operator["height"])
        for index, operator in enumerate(file.operators)
        if placed[index]
    }
    plan = Plan(
        goals=_numbers(data, _goals_at(file), file.header["goal_count"]),
        ring_rows=[max(operator["ring_rows"], 1) for operator in file.operators],
        offsets=[places[i][0] if placed[i] else op["offset"] for i, op in enumerate(file.operators)],
        places=places,
        scratches=[operator["scratch"] for operator in file.operators],
        copies=[ALIGNMENT * operator["copy"] for operator in file.operators],
        arena_bytes=file.header["arena_bytes"],
        state_bytes=STATE.size * len(nodes),
    )
    return program, plan


def _period(file: CvlFile) -> tuple[int, ...]:
    """The rows that the nodes of a stream make in the same time; of another model nothing."""
    is_stream = file.header["flags"] & FLAG_STREAM
    return tuple(operator["height"] for operator in file.operators) if is_stream else ()


def _goals_at(file: CvlFile) -> int:
    return HEADER.size + OPERATOR.size * len(file.operators) + PORT.size * len(file.ports)


def _numbers(data: bytes, offset: int, count: int) -> list[int]:
    return list(struct.unpack_from(f"<{count}H", data, offset))


def _node(data: bytes, file: CvlFile, index: int) -> Node:
    operator = file.operators[index]
    flags = operator["flags"]
    kind = OPERATORS[operator["code"]]
    periods = SIMULATED_PERIODS if _period(file) else 1
    shape = periods * operator["height"], operator["width"], operator["channels"]
    is_input = index < file.header["input_count"]
    row_map = _numbers(data, operator["table"], operator["height"]) if flags & FLAG_MAPPED else []
    return Node(
        kind,
        Tensor(f"operator {index}", shape, np.ones(1, np.float32), operator["zero_point_out"]),
        tuple(
            operator[name] for name in ("input", "input_b") if operator[name] != NO_OPERATOR and not is_input
        ),
        _window(operator),
        parameter=operator["parameter"],
        row_map=tuple(row_map),
        scratch_bytes=_scratch_bytes(file, index),
        copied_bytes=_copied_bytes(file, index),
        accumulates=bool(flags & FLAG_ACCUMULATES),
        reads_first=kind in wide.KINDS and wide.reads_first(operator["width"]),
        b_first=bool(flags & FLAG_B_FIRST),
        stored=operator["ring_rows"] > 0,
    )


def _scratch_bytes(file: CvlFile, index: int) -> int:
    """The file says where a kernel's own bytes lie, not how many."""
    operator = file.operators[index]
    kind = OPERATORS[operator["code"]]
    if not operator["scratch"]:
        return 0
    if operator["flags"] & FLAG_ACCUMULATES:  # sums, one for each value of a row
        size: int = SUM_BYTES * operator["width"] * operator["channels"]
        return size
    if kind in wide.KINDS:
        source = file.operators[operator["input"]]
        shape = source["height"], source["width"], source["channels"]
        tile = operator["parameter"] // WIDE_TILE or operator["width"]
        return wide.scratch_bytes(_window(operator), shape, tile, operator["parameter"])
    if kind == "DEPTHWISE_3X3":
        return depthwise_3x3.scratch_bytes(_window(operator), operator["width"])
    raise ModelError(
        f"operator {index} ({kind}) has scratch of a size that only its kernel knows: use the .tflite file"
    )


def _copied_bytes(file: CvlFile, index: int) -> int:
    """Of the weights and, right behind them, the scales: see copies.py."""
    operator = file.operators[index]
    if not operator["copy"]:
        return 0
    is_paired = OPERATORS[operator["code"]] in wide.KINDS
    channels: int = operator["channels"]
    scales = channels + channels % 2 if is_paired else channels
    return int(operator["table"] - operator["weights"] + SCALE.size * scales)


def _window(operator: dict[str, Any]) -> Window:
    return Window(**{field.name: operator[field.name] for field in fields(Window)})
