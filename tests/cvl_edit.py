"""Changes a `.cvl` file as an attacker or a fault would, and repairs its checksum where wanted."""

from __future__ import annotations

import struct
import zlib
from typing import Any

from convlet.format import HEADER, OPERATOR, PORT, Record


def sealed(data: bytes) -> bytes:
    """The file with the checksum that its bytes have."""
    return data[:4] + struct.pack("<I", zlib.crc32(data[8:])) + data[8:]


def patched(data: bytes, offset: int, piece: bytes) -> bytes:
    """The file with `piece` at `offset`, sealed."""
    return sealed(data[:offset] + piece + data[offset + len(piece) :])


def begin_of(data: bytes, record: Record, index: int = 0) -> int:
    """File offset of record `index` of its table."""
    operators = HEADER.unpack(data)["operator_count"]
    table = {HEADER: 0, OPERATOR: HEADER.size, PORT: HEADER.size + operators * OPERATOR.size}[record]
    return table + index * record.size


def goals_of(data: bytes) -> int:
    """File offset of the goals."""
    header = HEADER.unpack(data)
    return begin_of(data, PORT, header["input_count"] + header["output_count"])


def field(data: bytes, record: Record, index: int, name: str) -> Any:
    """One field of a record."""
    return record.unpack(data, begin_of(data, record, index))[name]


def edited(data: bytes, record: Record, index: int = 0, **fields: Any) -> bytes:
    """The file with other values in the fields of one record, sealed."""
    offset = begin_of(data, record, index)
    return patched(data, offset, record.pack(**record.unpack(data, offset) | fields))
