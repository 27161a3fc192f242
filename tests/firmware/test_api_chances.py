"""Random sequences of calls in the sanitized firmware: api_chances.py says what they do.

With ROUNDS in the environment: so many instead, of another seed.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from golden import FOLDER

SCRIPT = Path(__file__).with_name("api_chances.py")
ROUNDS = int(os.environ.get("ROUNDS", "150"))
SEED = int(os.environ.get("SEED", "1"))


def test_no_use_of_the_api_breaks_anything(sanitized_micropython: Path, tmp_path: Path) -> None:
    files = [path.read_bytes() for path in sorted(FOLDER.glob("*.cvl"))]
    script = tmp_path / SCRIPT.name
    script.write_text(f"FILES, SEED, ROUNDS = {files!r}, {SEED}, {ROUNDS}\n{SCRIPT.read_text()}")
    environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run([sanitized_micropython, script], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "runtime error" not in done.stderr
    assert int(done.stdout) > ROUNDS / 3
