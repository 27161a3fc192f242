"""Where the sources of firmware come from, and what is said when they cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest
from convlet import sources
from convlet.errors import ToolError


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONVLET_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(sources.MICROPYTHON_VARIABLE, raising=False)
    monkeypatch.delenv(sources.PICO_SDK_VARIABLE, raising=False)
    return tmp_path / "cache"


def checkout(folder: Path, version: tuple[int, int, int] = (1, 26, 1)) -> Path:
    (folder / "py").mkdir(parents=True)
    names = ("MAJOR", "MINOR", "MICRO")
    lines = [f"#define MICROPY_VERSION_{name} {part}\n" for name, part in zip(names, version, strict=True)]
    (folder / "py" / "mpconfig.h").write_text("".join(lines))
    return folder


def programs(folder: Path, **scripts: str) -> str:
    """A PATH on which only these shell scripts are, and the shell's own tools."""
    folder.mkdir()
    for name, script in scripts.items():
        path = folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def test_empty_cache_says_which_command_fills_it() -> None:
    with pytest.raises(ToolError, match="convlet firmware sources"):
        sources.locate()


def test_named_checkout_is_taken_and_not_trusted_to_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(sources.MICROPYTHON_VARIABLE, str(checkout(tmp_path / "mp")))
    found = sources.fetch()
    assert found.version == "1.26.1"
    assert found.pico_sdk == tmp_path / "mp" / "lib" / "pico-sdk"
    assert not found.is_fixed
    with pytest.raises(ToolError, match=sources.PICO_SDK_VARIABLE):
        sources.check_pico_sdk(found)
    monkeypatch.setenv(sources.PICO_SDK_VARIABLE, str(tmp_path / "sdk"))
    assert sources.locate().pico_sdk == tmp_path / "sdk"


def test_checkout_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sources.MICROPYTHON_VARIABLE, str(checkout(tmp_path / "mp", (1, 24, 1))))
    with pytest.raises(ToolError, match=r"MicroPython 1\.24\.1; Convlet needs 1\.25\.0 or newer"):
        sources.locate()


def test_folder_that_is_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sources.MICROPYTHON_VARIABLE, str(tmp_path))
    with pytest.raises(ToolError, match="not a checkout of MicroPython"):
        sources.locate()


def test_system_without_apt_learns_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ToolError, match=r"no apt-get.*arm-none-eabi-gcc.*CONVLET_MICROPYTHON.*CONVLET_PICO_SDK"
    ):
        sources.fetch()


def test_apt_without_a_mirror_of_debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt = "echo 'http://example.org/ubuntu|Ubuntu|Ubuntu'"
    monkeypatch.setenv("PATH", programs(tmp_path / "bin", apt_get=apt))
    with pytest.raises(ToolError, match="apt is not set up for Debian"):
        sources.fetch()


def test_machine_whose_package_lists_are_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # indextargets says nothing before an update, and the update here goes to lists of our own.
    apt = """
for word in "$@"; do case $word in -oDir::State::Lists=*) lists=${word#*=};; esac; done
case "$*" in
*indextargets*) if [ -e "$lists/updated" ]; then echo 'http://example.org/debian|Debian|Debian'; fi;;
*update*) touch "$lists/updated";;
esac"""
    monkeypatch.setenv("PATH", programs(tmp_path / "bin", apt_get=apt))
    assert sources._debian_mirror(tmp_path) == "http://example.org/debian"


def test_failed_download_leaves_nothing(
    tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = "echo 'http://example.org/debian|Debian|Debian'"
    apt = f'case "$*" in *indextargets*) {mirror};; *) echo "E: no network"; exit 100;; esac'
    monkeypatch.setenv("PATH", programs(tmp_path / "bin", apt_get=apt))
    (empty_cache / "sources" / "fetching-abandoned").mkdir(parents=True)
    with pytest.raises(ToolError, match=r"(?s)cannot read Debian's package lists.*E: no network"):
        sources.fetch()
    assert [path.name for path in (empty_cache / "sources").iterdir()] == ["lock"]


def test_other_version_than_the_known_one(tmp_path: Path) -> None:
    (tmp_path / "micropython_1.27.0+ds-1.dsc").touch()
    with pytest.raises(ToolError, match=r"micropython 1\.27\.0\+ds-1; Convlet needs 1\.25\.0"):
        sources._only_file(tmp_path, "*.dsc", sources.MICROPYTHON)
