"""Writes docs/format.md from format.py, which is the one place where the byte layout stands."""

from __future__ import annotations

import inspect
import re
import struct

from convlet import format
from convlet.format import MAGIC, OPERATORS, RECORDS, STEMS, VERSION, Record

_TYPES = {
    "4s": "4 bytes",
    "I": "uint32",
    "i": "int32",
    "H": "uint16",
    "B": "uint8",
    "h": "int16",
    "b": "int8",
    "f": "float32",
}
_HEAD = f"""# The `.cvl` format, version {VERSION}

Written by `scripts/generate_docs.py` from `host/convlet/format.py`; do not edit it here. `convlet inspect --json
model.cvl` prints the fields of a file by these names.
"""
_EXAMPLE = f"""## Reading one

```python
>>> import struct, zlib
>>> data = open("digits.cvl", "rb").read()
>>> magic, crc32, file_bytes, arena_bytes, version = struct.unpack_from("<4sIIIH", data)
>>> magic, version, file_bytes == len(data), crc32 == zlib.crc32(data[8:])
(b'CVL1', {VERSION}, True, True)

```
"""
_RULES = """## What a reader must check

The engine (`engine/load.c`) proves a file before it runs it, whatever its bytes are, and a reader of another make
should do the same: the magic, the version, the CRC-32, that every offset and size lies in the file or the arena, that
operators read earlier ones only, and that each kernel's rows, weights and tables have the sizes which its shapes ask
for. A file of another version is refused. Operator codes and fields keep their meaning within a version; new operators
go behind.
"""


def format_page() -> str:
    """The text of docs/format.md."""
    assert format.__doc__ is not None
    parts = [
        _HEAD,
        _layout(format.__doc__),
        "## Records\n\nOffsets are in bytes from the beginning of the record.\n",
        *(_record(record) for record in RECORDS),
        _operators(),
        _constants(),
        _RULES,
        _EXAMPLE,
    ]
    return "\n".join(parts)


def _layout(doc: str) -> str:
    """What the module says of the whole file; its first line and last paragraph are about itself."""
    text = "\n\n".join(doc.strip().split("\n\n")[1:-1])
    return "## The file\n\n" + re.sub(r"^    (.*)$", r"```text\n\1\n```", text, flags=re.MULTILINE) + "\n"


def _record(record: Record) -> str:
    lines = [
        f"### {record.name}: {record.size} bytes",
        "",
        record.doc,
        "",
        *_head("offset", "field", "type", "meaning"),
    ]
    offset = 0
    for name, code, meaning in record.fields:
        lines.append(_row(str(offset), f"`{name}`", _TYPES[code], meaning))
        offset += struct.calcsize(f"<{code}")
    return "\n".join([*lines, ""])


def _operators() -> str:
    lines = [
        "## Operators",
        "",
        "What `weights`, `table`, `parameter` and `scratch` hold is said in `engine/`, where the kernel is.",
        "",
        *_head("code", "operator", "kernel"),
    ]
    lines += [_row(str(code), name, f"`cvl_{STEMS[name]}_row`") for code, name in enumerate(OPERATORS)]
    return "\n".join([*lines, ""])


def _constants() -> str:
    """Flags, limits and special values, with the comments that stand behind them."""
    lines = ["## Flags, limits, special values", "", *_head("name", "value", "meaning")]
    pattern = r"^([A-Z_]+) = (?:\(\s*)?([^#\n]+?)(?:  # (.*))?$"
    for name, value, meaning in re.findall(pattern, inspect.getsource(format), re.MULTILINE):
        if isinstance(getattr(format, name), int):
            lines.append(
                _row(
                    f"`{name}`",
                    f"{value} = {getattr(format, name)}" if not value.isdecimal() else value,
                    meaning,
                )
            )
    lines.append(_row("`MAGIC`", MAGIC.decode(), "the first four bytes"))
    return "\n".join([*lines, ""])


def _head(*names: str) -> list[str]:
    return [_row(*names), _row(*["---"] * len(names))]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
