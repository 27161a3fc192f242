"""Reads the records of a `.cvl` file back, to show and to check them. The engine has its own reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convlet.engine import check
from convlet.errors import ModelError
from convlet.format import CHOOSABLE, FLAG_STREAM, HEADER, OPERATOR, OPERATORS, PORT, STREAM


@dataclass(frozen=True)
class CvlFile:
    """The fields of each record, by the names of format.py."""

    header: dict[str, Any]
    operators: list[dict[str, Any]]
    ports: list[dict[str, Any]]

    @property
    def kernels(self) -> set[str]:
        """The operators whose kernels it needs, by their names, and format.STREAM if it is one."""
        streams = {STREAM} if self.header["flags"] & FLAG_STREAM else set()
        return ({OPERATORS[operator["code"]] for operator in self.operators} & set(CHOOSABLE)) | streams


def read_cvl(data: bytes) -> CvlFile:
    """The records of a `.cvl`. Raises ModelError when the engine would refuse it.

    >>> file = read_cvl(Path("digits.cvl").read_bytes())
    >>> file.header["operator_count"], file.operators[0]["height"]
    (4, 8)
    """
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
