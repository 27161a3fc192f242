#!/usr/bin/env python3
"""Write docs/format.md from host/convlet/format.py."""

from pathlib import Path

from convlet.files import write_atomic
from convlet.format_page import format_page

TARGET = Path(__file__).parents[1] / "docs" / "format.md"

if __name__ == "__main__":
    write_atomic(TARGET, format_page().encode())
    print(f"wrote {TARGET}")
