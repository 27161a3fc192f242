"""Reads the map that GNU ld writes: what of each file was linked, and how much of it there is."""

from __future__ import annotations

import re
from collections import Counter

_BEGIN = "Linker script and memory map"  # what was dropped is listed before it


def file_bytes(text: str, folder: str) -> dict[str, int]:
    """Bytes of code and constants of each C file below `folder`, by its path in that folder."""
    section = r"^ \.(?:literal|text|s?rodata|s?data)\S*"
    place = r"\s+0x0*(?P<address>[0-9a-f]+)\s+0x(?P<bytes>[0-9a-f]+)"
    source = rf"\S*/{re.escape(folder)}/(?P<path>\S+?)(?:\.c)?\.o(?:bj)?$"
    found: Counter[str] = Counter()
    for match in re.finditer(f"{section}{place} {source}", text[text.index(_BEGIN) :], re.MULTILINE):
        if int(match["address"], 16):
            found[f"{match['path']}.c"] += int(match["bytes"], 16)
    return dict(sorted(found.items()))
