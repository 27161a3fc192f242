"""Reads the records of a `.cvl` file back, to show and to check them. The engine has its own reader."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convlet.engine import Model, check
from convlet.errors import ModelError
from convlet.file_kinds import CVL, read_kind, require_kind
from convlet.format import (
    ACCUMULATION,
    BYTE_WEIGHTS,
    CHOOSABLE,
    FLAG_ACCUMULATES,
    FLAG_LOGITS,
    FLAG_MAPPED,
    FLAG_PLACED,
    FLAG_STREAM,
    HEADER,
    KERNEL_ALL,
    LOGITS,
    NO_OPERATOR,
    ODD_PIXELS,
    OPERATOR,
    OPERATORS,
    PORT,
    ROW_MAPS,
    ROW_PLACES,
    SECOND_INPUTS,
    SINGLE_CHANNELS,
    SPREAD_INPUTS,
    STREAM,
    TEST_VECTORS,
    WIDE_BYTES,
    WIDE_SINGLE,
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
        operators = {OPERATORS[operator["code"]] for operator in self.operators} & set(CHOOSABLE)
        wide = (self._features_of_wide(operator) for operator in self.operators)
        return operators.union(*map(_features_of, self.operators), *wide, self._features())

    def _features(self) -> set[str]:
        flags = self.header["flags"]
        needed = {
            STREAM: flags & FLAG_STREAM,
            LOGITS: flags & FLAG_LOGITS,
            TEST_VECTORS: self.header["vector_count"],
        }
        return {name for name, is_needed in needed.items() if is_needed}

    def _features_of_wide(self, operator: dict[str, Any]) -> set[str]:
        if OPERATORS[operator["code"]] != "CONV_2D_WIDE":
            return set()
        source = self.operators[operator["input"]]
        whole = operator["kernel_h"] == KERNEL_ALL
        together = source["channels"] * (source["height"] * source["width"] if whole else 1)
        needed = {
            BYTE_WEIGHTS: operator["parameter"] & WIDE_BYTES,
            SINGLE_CHANNELS: operator["parameter"] & WIDE_SINGLE,
            ODD_PIXELS: together > 1 and not (whole and together % 4 == 0),
        }
        return {name for name, is_needed in needed.items() if is_needed}


def _features_of(operator: dict[str, Any]) -> set[str]:
    needed = {
        ACCUMULATION: operator["flags"] & FLAG_ACCUMULATES,
        ROW_MAPS: operator["flags"] & FLAG_MAPPED,
        ROW_PLACES: operator["flags"] & FLAG_PLACED,
        SECOND_INPUTS: operator["input_b"] != NO_OPERATOR,
        SPREAD_INPUTS: operator["up_h"] > 1 or operator["up_w"] > 1,
    }
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
    try:
        return read_cvl(data)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


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
