#!/usr/bin/env python3
"""Write docs/format.md, and the tables of docs/limits.md and docs/operators.md, from the code."""

from pathlib import Path

from convlet.files import write_atomic
from convlet.format_page import format_page
from convlet.limits_page import with_tables
from convlet.operators_page import with_operators

DOCS = Path(__file__).parents[1] / "docs"

if __name__ == "__main__":
    pages = {
        "format.md": format_page(),
        "operators.md": with_operators((DOCS / "operators.md").read_text()),
        "limits.md": with_tables((DOCS / "limits.md").read_text()),
    }
    for name, text in pages.items():
        write_atomic(DOCS / name, text.encode())
        print(f"wrote {DOCS / name}")
