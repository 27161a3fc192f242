#!/usr/bin/env python3
"""Write micropython_module/engine/format.h from host/convlet/format.py."""

from pathlib import Path

from convlet.files import write_atomic
from convlet.format import c_header

TARGET = Path(__file__).parents[1] / "micropython_module" / "engine" / "format.h"

if __name__ == "__main__":
    write_atomic(TARGET, c_header().encode())
    print(f"wrote {TARGET}")
