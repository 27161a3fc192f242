"""ESP-IDF, with which firmware for the ESP32 family is built: where it is, and how a command runs in it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from convlet.errors import ToolError
from convlet.format import CHOOSABLE
from convlet.processes import run

FOLDER_VARIABLE = "IDF_PATH"
CONTAINER = "espressif/idf:v5.2.2"  # the version that MicroPython 1.25 recommends


@dataclass(frozen=True)
class EspIdf:
    """`folder`: the ESP-IDF of this computer; None stands for the container of Espressif, run by Docker."""

    folder: Path | None

    def wrap(self, command: Sequence[str | Path], folders: Sequence[Path]) -> list[str]:
        """`command` so that ESP-IDF's tools are on its PATH. It reads and writes in `folders` only."""
        words = [str(word) for word in command]
        if self.folder:
            return [
                "bash",
                "-c",
                f'. {shlex.quote(str(self.folder))}/export.sh > /dev/null && "$@"',
                "idf",
                *words,
            ]
        return [*_docker(folders), *words]


def locate() -> EspIdf | None:
    """The ESP-IDF that `$IDF_PATH` names, else Docker where it runs, else None.

    Raises ToolError when the variable names none.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        folder = Path(named).absolute()
        if not (folder / "export.sh").is_file():
            raise ToolError(f"{FOLDER_VARIABLE} is {folder}, which is no ESP-IDF: it has no export.sh")
        return EspIdf(folder)
    return EspIdf(None) if _docker_runs() else None


def _docker_runs() -> bool:
    try:
        run(["docker", "version"], "ask Docker")
    except ToolError:
        return False
    return True


def advice(board: str, micropython_board: str, module: Path, operators: Sequence[str]) -> str:
    """The commands that build the firmware elsewhere, in a checkout of MicroPython."""
    make = ["make", "-C", "ports/esp32", f"BOARD={micropython_board}"]
    docker = shlex.join(_docker([module])).replace(CONTAINER, f"-v $PWD:$PWD -w $PWD {CONTAINER}")
    image = f"ports/esp32/build-{micropython_board}/firmware.bin"
    return (
        f"firmware for {board} is built by ESP-IDF, which is not here: no {FOLDER_VARIABLE}, no Docker that runs. "
        "Nothing was built. In a checkout of MicroPython, with ESP-IDF's export.sh sourced, run\n"
        f"  {shlex.join([*make, 'submodules'])}\n"
        f"  {shlex.join([*make, setting(module, operators)])}\n"
        f"or each of them in its container, behind\n  {docker}\n"
        f"and then\n  convlet firmware flash --board {board} --image {image}"
    )


def setting(module: Path, operators: Sequence[str]) -> str:
    """The variable of the esp32 port's Makefile that brings our module in, with those operators."""
    file = module / "micropython.cmake"
    if tuple(operators) == CHOOSABLE:
        return f"USER_C_MODULES={file}"
    return f"CMAKE_ARGS=-DUSER_C_MODULES={file} '-DCVL_OPS={' '.join(operators)}'"


def _docker(folders: Sequence[Path]) -> list[str]:
    user = f"{os.getuid()}:{os.getgid()}" if hasattr(os, "getuid") else "0"
    mounts = [word for folder in folders for word in ("-v", f"{folder}:{folder}")]
    return ["docker", "run", "--rm", "--user", user, "--env", "HOME=/tmp", *mounts, CONTAINER]
