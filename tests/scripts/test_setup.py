"""scripts/setup where something is missing: it says what, and how to get it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[2] / "scripts" / "setup"
TOOLS = "awk bash cat comm cut dirname env flock grep mkdir mktemp rm sed sha256sum sort tail"


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """A PATH of its own with the basic tools, but neither apt nor sudo nor Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS.split():
        (folder / tool).symlink_to(str(shutil.which(tool)))
    return folder


def add_tool(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/bash\n{script}\n")
    (folder / name).chmod(0o755)


def run_setup(bin_folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    cache = bin_folder.parent / "cache"
    environment = {"PATH": str(bin_folder), "HOME": os.environ["HOME"], "CONVLET_CACHE": str(cache)}
    return subprocess.run([SETUP], env=environment | variables, capture_output=True, text=True, timeout=120)


def debian_without(bin_folder: Path, *missing: str) -> None:
    """Make apt-get, which fails, and dpkg-query, which finds all but the `missing` packages."""
    add_tool(bin_folder, "apt-get", 'echo "apt-get was called: $*"; exit 100')
    known = 'for package in "${@:4}"; do case $package in ' + "|".join(["none", *missing]) + ") ;; "
    add_tool(bin_folder, "dpkg-query", known + '*) echo "installed $package" ;; esac; done; exit 1')


def test_a_system_without_apt_is_told_what_to_install_and_goes_on(bin_folder: Path) -> None:
    done = run_setup(bin_folder)
    for name in ("arm-none-eabi-gcc", "CONVLET_MICROPYTHON", "CONVLET_PICO_SDK"):
        assert name in done.stdout
    # On to Python, which is missing here too.
    assert done.returncode == 1
    assert "Convlet needs Python 3.10 to 3.13, found none." in done.stderr


def test_a_python_that_is_too_old_is_refused(bin_folder: Path) -> None:
    add_tool(bin_folder, "old-python", "exit 1")
    done = run_setup(bin_folder, CONVLET_PYTHON="old-python")
    assert done.returncode == 1
    assert "Convlet needs Python 3.10 to 3.13, found old-python." in done.stderr
    assert "set CONVLET_PYTHON" in done.stderr


def test_missing_packages_without_root_are_named_in_a_command(bin_folder: Path) -> None:
    debian_without(bin_folder, "cmake", "make")
    add_tool(bin_folder, "id", "echo 1000")
    done = run_setup(bin_folder)
    assert done.returncode == 1
    assert "> Installing Debian packages: cmake make\n" in done.stdout
    assert "apt-get update && apt-get install --no-install-recommends cmake make\n" in done.stderr
    assert "apt-get was called" not in done.stderr


def test_a_failure_of_apt_is_shown_with_its_words(bin_folder: Path) -> None:
    debian_without(bin_folder, "cmake")
    add_tool(bin_folder, "id", "echo 0")
    done = run_setup(bin_folder)
    assert done.returncode == 1
    assert "apt-get was called: -qq update\n" in done.stderr
    assert "apt-get failed" in done.stderr


def test_apt_is_not_called_when_nothing_is_missing(bin_folder: Path) -> None:
    debian_without(bin_folder)
    done = run_setup(bin_folder)
    assert "Debian packages" not in done.stdout
    assert "Convlet needs Python" in done.stderr
