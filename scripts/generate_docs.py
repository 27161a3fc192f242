#!/usr/bin/env python3
"""Write docs/format.md, and the tables of docs/limits.md, from the code."""

from pathlib import Path

from convlet.files import write_atomic
from convlet.format_page import format_page
from convlet.limits_page import with_tables

DOCS = Path(__file__).parents[1] / "docs"

if __name__ == "__main__":
    limits = DOCS / "limits.md"
    for path, text in ((DOCS / "format.md", format_page()), (limits, with_tables(limits.read_text()))):
        write_atomic(path, text.encode())
        print(f"wrote {path}")
