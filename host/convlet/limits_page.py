"""Writes the tables of docs/limits.md from the limits that the code has."""

from __future__ import annotations

import re
from collections.abc import Mapping

from convlet import format, limits

FORMAT_LIMITS = {
    "inputs of a model": format.MAX_INPUTS,
    "outputs of a model": format.MAX_OUTPUTS,
    "height, width and channels of a tensor, each": 0xFFFF,
    "rows of a kernel": format.MAX_KERNEL_H,
    "columns of a kernel, strides, dilations": 0xFF,
    "weights of one output channel": format.MAX_KERNEL_BYTES,
    "values of a tensor": format.MAX_TENSOR_VALUES,
    "rows of a stream's period": format.MAX_PERIOD,
}
COMPILER_LIMITS = {
    "operators": limits.MOST_OPERATORS,
    "bytes of the `.tflite`": limits.MOST_FILE_BYTES,
    "values of all tensors together": limits.MOST_VALUES,
    "multiplications and comparisons of an inference": limits.MOST_WORK,
    "rows that all operators make and read": limits.MOST_ROWS,
    "bytes of the arena": limits.MOST_ARENA_BYTES,
}


def with_tables(page: str) -> str:
    """The text of docs/limits.md with the rows between its marks written anew."""
    return _filled(_filled(page, "format limits", FORMAT_LIMITS), "compiler limits", COMPILER_LIMITS)


def _filled(page: str, mark: str, rows: Mapping[str, int]) -> str:
    lines = "".join(f"| {name} | {most:,} |\n" for name, most in rows.items())
    pattern = rf"(<!-- {mark}: .*? -->\n\n.*?\n.*?\n).*?(\n<!-- end -->)"
    return re.sub(pattern, lambda match: match[1] + lines + match[2], page, flags=re.DOTALL)
