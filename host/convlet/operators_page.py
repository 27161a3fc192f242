"""Writes the lists of docs/operators.md from the registry of operators and the advice that errors give."""

from __future__ import annotations

import re
import textwrap

from convlet.ops import REGISTRY
from convlet.ops.advice import INSTEAD

MADE_BY_PASSES = {
    "COPY",
    "GATHER",
    "LOOKUP",
    "REDUCE_PROD",
    "SHAPE",
}  # no file has them, or they are folded away


def with_operators(page: str) -> str:
    """The text of docs/operators.md with what stands between its marks written anew."""
    return _filled(_filled(page, "operators", _operators()), "instead", _instead())


def _operators() -> str:
    return textwrap.fill(", ".join(sorted(REGISTRY.keys() - MADE_BY_PASSES)) + ".", 120)


def _instead() -> str:
    by_advice: dict[str, list[str]] = {}
    for kind, advice in INSTEAD.items():
        by_advice.setdefault(advice, []).append(kind)
    rows = [f"| {', '.join(sorted(kinds))} | {advice} |" for advice, kinds in by_advice.items()]
    return "\n".join(["| operator | instead |", "|---|---|", *rows])


def _filled(page: str, mark: str, text: str) -> str:
    pattern = rf"(<!-- {mark}: .*? -->\n\n).*?(\n\n<!-- end -->)"
    return re.sub(pattern, lambda match: match[1] + text + match[2], page, flags=re.DOTALL)
