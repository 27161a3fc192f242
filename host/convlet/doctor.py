"""What this machine has of the programs and packages that Convlet's commands call, and how to get the rest."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from convlet import sources
from convlet.datasets.archives import ARCHIVES, Archive
from convlet.errors import ConvletError
from convlet.files import cache_folder

OLDEST_PYTHON, FIRST_UNTRIED_PYTHON = (3, 10), (3, 14)
_VERSION_SECONDS = 10
SETUP = "scripts/setup"


@dataclass(frozen=True)
class Check:
    """Of one thing: `found` is its version or place, None when it is missing. `group` says what it is for.

    `advice` is how to get it, or what is wrong. Without what is `needed` nothing works.
    """

    group: str
    name: str
    found: str | None
    advice: str
    needed: bool = False


@dataclass(frozen=True)
class Program:
    """A program on the PATH; `version` is the argument that makes it tell its version."""

    name: str
    advice: str
    version: str = "--version"


def _debian(name: str, package: str) -> Program:
    return Program(name, f"apt-get install {package}")


_GROUP_PROGRAMS = {
    "Firmware for boards": (
        _debian("make", "make"),
        _debian("cmake", "cmake"),
        _debian("ninja", "ninja-build"),
        _debian("gcc", "gcc libc6-dev"),
        _debian(
            "arm-none-eabi-gcc", "gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib"
        ),
        _debian("dpkg-source", "dpkg-dev"),
        Program("idf.py", "the ESP32s: install ESP-IDF 5.2 or newer and run its export.sh"),
        Program("docker", "the ESP32s without ESP-IDF: install Docker, for the container espressif/idf"),
    ),
    "Count instructions": (
        _debian("qemu-system-arm", "qemu-system-arm"),
        _debian("qemu-system-riscv32", "qemu-system-misc"),
        _debian("qemu-system-xtensa", "qemu-system-misc"),
        _debian("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"),
        _debian("xtensa-lx106-elf-gcc", "gcc-xtensa-lx106 picolibc-xtensa-lx106-elf"),
    ),
    "Report": (_debian("dot", "graphviz"),),
    "Develop": (
        _debian("clang", "clang libclang-rt-dev"),
        _debian("node", "nodejs npm"),
        _debian("npm", "npm"),
        Program("clang-format", "pip install 'convlet[dev]'"),
    ),
}
# The package, by the name that pip knows, and the module that is imported.
_GROUP_PACKAGES = {
    "Train and quantise": (("tensorflow-cpu", "tensorflow", "train"), ("scikit-learn", "sklearn", "train")),
    "Compare with TFLM": (("tflite-micro", "tflite_micro", "verify"),),
    "Quantise without TensorFlow": (("ai-edge-quantizer", "ai_edge_quantizer", "quantizer"),),
    "Emulated Pico": (("rp2040py", "rp2040py", "emulator"), ("littlefs-python", "littlefs", "emulator")),
    "Flash boards": (("esptool", "esptool", "boards"), ("adafruit-ampy", "ampy", "boards")),
}
_NEEDED_PACKAGES = (
    *("cffi", "click", "matplotlib", "mpremote", "numpy", "pillow", "pyserial", "rich", "tflite"),
)


def examine() -> Iterator[Check]:
    """All checks, one after the other as they are made.

    >>> [check.name for check in examine() if check.needed and not check.found]
    []
    """
    yield from _base()
    for group, packages in _GROUP_PACKAGES.items():
        for name, module, extra in packages:
            found = _package_version(name) or _module_version(module)
            yield Check(group, name, found, f"pip install 'convlet[{extra}]'")
    for archive in ARCHIVES:
        yield _found("Train and quantise", archive.holds, partial(_in_cache, archive))
    for group, programs in _GROUP_PROGRAMS.items():
        for program in programs:
            yield Check(group, program.name, _program_version(program), program.advice)
    yield _found("Firmware for boards", "MicroPython's sources", lambda: str(sources.locate().micropython))
    yield from _serial()


def missing(checks: list[Check]) -> list[Check]:
    """What is needed and not there."""
    return [check for check in checks if check.needed and check.found is None]


def _base() -> Iterator[Check]:
    """What every command needs."""
    group = "Needed"
    version = ".".join(map(str, sys.version_info[:3]))
    known = OLDEST_PYTHON <= sys.version_info[:2] < FIRST_UNTRIED_PYTHON
    advice = f"this is Python {version}: set CONVLET_PYTHON to 3.10, 3.11, 3.12 or 3.13 and run {SETUP}"
    yield Check(group, "Python", version if known else None, advice, needed=True)
    for name in _NEEDED_PACKAGES:
        yield Check(group, name, _package_version(name), f"pip install {name}", needed=True)
    yield Check(group, "the engine in C", _engine(), f"{SETUP}, or: pip install -e .", needed=True)
    yield _found(group, "cache folder", _writable_cache, needed=True)


def _engine() -> str | None:
    """Whether it was built, from the sources that are here now."""
    try:
        from convlet.engine import sources_hash
        from convlet.engine_build import ENGINE
        from convlet.engine_build import sources_hash as expected
    except ImportError:
        return None
    return sources_hash()[:12] if not ENGINE.is_dir() or sources_hash() == expected() else None


def _writable_cache() -> str:
    folder = cache_folder()
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ConvletError(f"cannot write into {folder}; set CONVLET_CACHE to a folder of yours") from error
    return str(folder)


def _in_cache(archive: Archive) -> str:
    return str(archive.require())


def _found(group: str, name: str, look: Callable[[], str], needed: bool = False) -> Check:
    """A check whose `look` gives what is found, or raises ConvletError with the advice."""
    try:
        return Check(group, name, look(), "", needed)
    except ConvletError as error:
        return Check(group, name, None, str(error), needed)


def _package_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _module_version(module: str) -> str | None:
    """Of a package that has another name here, as TensorFlow has."""
    if importlib.util.find_spec(module) is None:
        return None
    return _package_version(module) or "of unknown version"


def _program_version(program: Program) -> str | None:
    """The first number with a dot in what it says of its version, else its place; None when it is not there."""
    path = shutil.which(program.name)
    if path is None:
        return None
    try:
        done = subprocess.run(
            [path, program.version], stdin=subprocess.DEVNULL, capture_output=True, timeout=_VERSION_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return path
    number = re.search(r"\d+(\.\d+)+", (done.stdout + done.stderr).decode(errors="replace"))
    return number[0] if number else path


def _serial() -> Iterator[Check]:
    """The boards that are plugged in, and whether this user may talk to them."""
    list_ports: Any = importlib.import_module("serial.tools.list_ports")  # it has no complete types
    group = "Plugged in"
    ports = [port for port in list_ports.comports() if port.vid is not None]
    for port in ports:
        may = os.name == "nt" or os.access(port.device, os.R_OK | os.W_OK)
        found = port.description or "a serial port"
        yield Check(group, port.device, found if may else None, _no_permission(port.device))
    if not ports:
        yield Check(
            group, "a board", None, "none: plug one in with a cable that carries data, not only power"
        )


def _no_permission(device: str) -> str:
    try:
        owner = Path(device).group()
    except (KeyError, OSError, NotImplementedError):
        owner = "dialout"
    return f"no permission: sudo usermod -a -G {owner} $USER, and log in again"
