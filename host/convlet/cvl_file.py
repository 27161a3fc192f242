"""Reads the records of a `.cvl` file back, to show and to check them. The engine has its own reader."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convlet.engine import Model, check
from convlet.errors import ModelError, naming
from convlet.file_kinds import CVL, read_kind, require_kind
from convlet.format import (
    ACCUMULATION,
    BYTE_WEIGHTS,
    CHOOSABLE,
    COPIES,
    DILATION,
    FLAG_ACCUMULATES,
    FLAG_LOGITS,
    FLAG_MAPPED,
    FLAG_PLACED,
    FLAG_STREAM,
    HEADER,
    IN_PLACE_INPUTS,
    KERNEL_ALL,
    LOGITS,
    LONG_SCALES,
    NO_OPERATOR,
    ODD_PIXELS,
    OPERATOR,
    OPERATORS,
    PADDING,
    PORT,
    ROW_MAPS,
    ROW_PLACES,
    SECOND_INPUTS,
    SEVERAL_GOALS,
    SEVERAL_PORTS,
    SINGLE_CHANNELS,
    STREAM,
    TEST_VECTORS,
    TILES,
    WIDE_BYTES,
    WIDE_SHORT,
    WIDE_SINGLE,
    WIDE_TILE,
)


@dataclass(frozen=True)
class CvlFile:
    """The fields of each record, by the names of format.py."""

    header: dict[str, Any]
    operators: list[dict[str, Any]]
    ports: list[dict[str, Any]]

    @property
    def kernels(self) -> set[str]:
        """What it needs of CHOOSABLE: the operators whose kernels it runs, and features."""
        needed = {OPERATORS[operator["code"]] for operator in self.operators} & set(CHOOSABLE)
        needed |= _chosen(self._features())
        for operator in self.operators:
            needed |= _chosen(_features_of(operator))
            if operator["input"] != NO_OPERATOR:
                needed |= _chosen(self._features_of_reading(operator))
            if OPERATORS[operator["code"]] in ("CONV_2D_WIDE", "CONV_2D_MAX_POOL"):
                needed |= _chosen(self._features_of_wide(operator))
        return needed

    def _features(self) -> dict[str, bool]:
        header = self.header
        return {
            STREAM: bool(header["flags"] & FLAG_STREAM),
            LOGITS: bool(header["flags"] & FLAG_LOGITS),
            SEVERAL_PORTS: header["input_count"] > 1 or header["output_count"] > 1,
            SEVERAL_GOALS: header["goal_count"] > 1,
            TEST_VECTORS: header["vector_count"] > 0,
        }

    def _features_of_reading(self, operator: dict[str, Any]) -> dict[str, bool]:
        return {
            DILATION: operator["dilation_h"] > 1 or operator["dilation_w"] > 1,
            PADDING: not _reads_otherwise(operator) and self._may_reach_beyond(operator),
        }

    def _may_reach_beyond(self, operator: dict[str, Any]) -> bool:
        """Whether a row or column of a window of rows may lie outside the input. engine/load.c has the same."""
        source = self.operators[operator["input"]]
        rows, columns = (
            (operator[steps] - 1) * operator[stride]
            - operator[pad]
            + (operator[kernel] - 1) * operator[dilation]
            for steps, stride, pad, kernel, dilation in (
                ("height", "stride_h", "pad_top", "kernel_h", "dilation_h"),
                ("width", "stride_w", "pad_left", "kernel_w", "dilation_w"),
            )
        )
        is_endless = self.header["flags"] & FLAG_STREAM
        return bool(
            operator["flags"] & FLAG_MAPPED
            or operator["pad_top"] > 0
            or operator["pad_left"] > 0
            or (rows >= source["height"] and not is_endless)
            or columns >= source["width"]
        )

    def _features_of_wide(self, operator: dict[str, Any]) -> dict[str, bool]:
        source = self.operators[operator["input"]]
        whole = operator["kernel_h"] == KERNEL_ALL
        together = source["channels"] * (source["height"] * source["width"] if whole else 1)
        flags = operator["parameter"]
        return {
            BYTE_WEIGHTS: bool(flags & WIDE_BYTES),
            SINGLE_CHANNELS: bool(flags & WIDE_SINGLE),
            TILES: flags >= WIDE_TILE,
            LONG_SCALES: not flags & (WIDE_SHORT | WIDE_SINGLE),
            ODD_PIXELS: together > 1 and not (whole and together % 4 == 0),
            PADDING: whole and operator["width"] > 1,
        }


def _features_of(operator: dict[str, Any]) -> dict[str, bool]:
    return {
        ACCUMULATION: bool(operator["flags"] & FLAG_ACCUMULATES),
        ROW_MAPS: bool(operator["flags"] & FLAG_MAPPED),
        ROW_PLACES: bool(operator["flags"] & FLAG_PLACED),
        SECOND_INPUTS: operator["input_b"] != NO_OPERATOR,
        IN_PLACE_INPUTS: operator["ring_rows"] == 0,
        COPIES: operator["copy"] > 0,
    }


def _reads_otherwise(operator: dict[str, Any]) -> bool:
    """Whether it does not read windows of rows."""
    return operator["kernel_h"] == KERNEL_ALL or bool(operator["flags"] & FLAG_ACCUMULATES)


def _chosen(needed: dict[str, bool]) -> set[str]:
    return {name for name, is_needed in needed.items() if is_needed}


def read_cvl(data: bytes) -> CvlFile:
    """The records of a `.cvl`. Raises ModelError when the engine would refuse it.

    >>> file = read_cvl(Path("digits.cvl").read_bytes())
    >>> file.header["operator_count"], file.operators[0]["height"]
    (3, 8)
    """
    require_kind(data, CVL)
    try:
        check(data)
    except ValueError as error:
        raise ModelError(str(error)) from error
    header = HEADER.unpack(data)
    operators = [
        OPERATOR.unpack(data, HEADER.size + OPERATOR.size * index)
        for index in range(header["operator_count"])
    ]
    first = HEADER.size + OPERATOR.size * len(operators)
    count = header["input_count"] + header["output_count"]
    ports = [PORT.unpack(data, first + PORT.size * index) for index in range(count)]
    return CvlFile(header, operators, ports)


def read_cvl_at(path: Path) -> CvlFile:
    """The same of a file. Raises ConvletError, which names it."""
    data = read_kind(path, CVL, "the model")
    with naming(path):
        return read_cvl(data)


def open_model(path: Path) -> Model:
    """The `.cvl` file `path`, ready to run. Raises ConvletError when it is none.

    >>> open_model(Path("digits.cvl")).arena_bytes
    244
    """
    data = read_kind(path, CVL, "the model")
    try:
        return Model(data)
    except ValueError as error:
        raise ModelError(f"{path}: {error}") from error
