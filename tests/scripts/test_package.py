"""The package where it is installed, away from a checkout: all that the commands need is in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOOK = """
from convlet import engine, engine_build, resources
assert engine.sources_hash() == engine_build.sources_hash()
assert (resources.MODULE_FOLDER / "micropython.mk").is_file()
print(resources.DEVICE_FOLDER / "classify.py")
"""


def test_a_wheel_built_from_the_sdist_has_the_module_and_the_scripts(tmp_path: Path) -> None:
    build = ["uv", "build", "--quiet", "--no-build-isolation", "--python", sys.executable]
    subprocess.run([*build, "--out-dir", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "away")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "away")}
    command = [sys.executable, "-c", LOOK]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    script = Path(done.stdout.strip())
    assert script.is_relative_to(tmp_path / "away")
    assert script.read_bytes() == (ROOT / "device" / "classify.py").read_bytes()
