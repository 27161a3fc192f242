"""requirements.lock: complete, with hashes, and free of addresses and paths."""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def locked(python: str) -> dict[str, str]:
    """Name to version of what the lock installs on Linux with this Python."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    versions = {}
    for line in re.findall(r"^([a-z].*?) \\$", LOCK, re.MULTILINE):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            assert requirement.name not in versions, f"two versions of {requirement.name} on Python {python}"
            versions[requirement.name] = next(iter(requirement.specifier)).version
    return versions


def wanted() -> list[Requirement]:
    """The requirements in pyproject.toml, extras and all."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    strings = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    return [Requirement(string) for string in strings if not string.startswith("convlet[")]


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_has_all_that_pyproject_asks_for(python: str) -> None:
    versions = locked(python)
    for requirement in wanted():
        if requirement.marker is None or requirement.marker.evaluate({"platform_machine": "x86_64"}):
            version = versions[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version, prereleases=True), requirement


def test_every_package_has_hashes() -> None:
    blocks = re.split(r"^(?=[a-z])", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) > 60
    for block in blocks:
        first, *hashes = block.rstrip("\n").split("\n")
        assert first.endswith("\\")
        assert hashes
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes), first


def test_the_lock_names_no_address_and_no_path() -> None:
    assert "://" not in LOCK
    assert not [line for line in LOCK.splitlines() if line.startswith(("-", "/")) or " @ " in line]
