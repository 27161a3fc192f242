#!/usr/bin/env python3
"""Write the golden files of tests/vectors from tests/golden.py. Only a wanted change of the format or of a
model's bytes calls for this; outputs never change."""

import sys
from pathlib import Path

from convlet.files import write_atomic

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from golden import FOLDER, golden_files

if __name__ == "__main__":
    for name, content in golden_files().items():
        write_atomic(FOLDER / name, content)
        print(f"wrote {FOLDER / name}: {len(content)} bytes")
