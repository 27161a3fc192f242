"""How each port of MicroPython is built. This file is part of every firmware's digest."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from convlet.boards import Board
from convlet.processes import run
from convlet.sources import Sources

_SANITIZERS = "-fsanitize=address,undefined"
_SANITIZED_SETTINGS = (
    "DEBUG=1",
    "STRIP=",
    f"CFLAGS_EXTRA={_SANITIZERS} -fno-omit-frame-pointer -DMP_ASAN=1",
    f"LDFLAGS_EXTRA={_SANITIZERS}",
)
# What a person's shell may hold and a build would silently obey.
_FOREIGN_VARIABLES = (
    "CFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "MAKEFLAGS",
    "MAKELEVEL",
    "MFLAGS",
    "BUILD",
    "BOARD",
    "V",
)


@dataclass(frozen=True)
class Recipe:
    """All that decides what a firmware becomes."""

    board: Board
    sources: Sources
    module: Path
    with_module: bool
    operators: tuple[str, ...]  # whose kernels are in
    sanitize: bool

    @property
    def kind(self) -> str:
        """Names the firmwares that differ only in their inputs, such as unix-sanitized."""
        variants = ("" if self.with_module else "-bare", "-sanitized" if self.sanitize else "")
        return self.board.name + "".join(variants)

    @property
    def own_board(self) -> Path | None:
        """Our definition of the board, when MicroPython's own does not do."""
        folder = self.module / "boards" / self.board.micropython_board
        return folder if folder.is_dir() else None


def build(recipe: Recipe, folder: Path, mpy_cross: Path, advance: Callable[[], None]) -> None:
    """Build in `folder`, continuing what is there. Raises ToolError with the compiler's message."""
    environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN_VARIABLES}
    environment |= dict(recipe.board.variables)
    environment["MICROPY_MPYCROSS"] = str(mpy_cross)
    environment["PYTHONHASHSEED"] = "0"  # else the order of the generated tables changes from build to build
    if recipe.sources.is_fixed:
        released = (recipe.sources.micropython / "py" / "mpconfig.h").stat().st_mtime
        environment["SOURCE_DATE_EPOCH"] = str(int(released))
    builder = _build_with_cmake if recipe.board.port == "rp2" else _build_with_make
    builder(recipe, folder, environment, advance)


def build_mpy_cross(sources: Sources, folder: Path) -> None:
    """Build mpy-cross in `folder`; quick when it is there."""
    source = sources.micropython / "mpy-cross"
    run(
        ["make", jobs(), "-C", source, f"BUILD={folder}"],
        "build mpy-cross, which compiles frozen modules",
    )


def make_image(recipe: Recipe, folder: Path, target: Path) -> Path | None:
    """The file to flash, made in `target`; None when the board starts the ELF itself."""
    board = recipe.board
    if board.uf2_family is None:
        return None
    image = target / "firmware.uf2"
    tool = recipe.sources.micropython / "tools" / "uf2conv.py"
    family, address = hex(board.uf2_family), hex(board.uf2_address)
    binary = (folder / board.product).with_suffix(".bin")
    run([sys.executable, tool, "-f", family, "-b", address, "-c", "-o", image, binary], "make the UF2 file")
    return image


def _build_with_make(
    recipe: Recipe, folder: Path, environment: dict[str, str], advance: Callable[[], None]
) -> None:
    board = recipe.board
    command = [
        "make",
        jobs(),
        "-C",
        str(recipe.sources.micropython / "ports" / board.port),
        f"BUILD={folder}",
    ]
    what = "VARIANT" if board.port == "unix" else "BOARD"
    command.append(f"{what}={board.micropython_board}")
    if recipe.own_board:
        command.append(f"{what}_DIR={recipe.own_board}")
    else:
        command.append("FROZEN_MANIFEST=")  # the stock ones take modules that not every source tree holds
    command += board.settings
    if recipe.sanitize:
        command += _SANITIZED_SETTINGS
    if recipe.with_module:
        # make looks for micropython.mk one level below this folder.
        command += [f"USER_C_MODULES={recipe.module.parent}", f"CVL_OPS={' '.join(recipe.operators)}"]
    run(command, _purpose(recipe), environment=environment, on_line=lambda line: advance())


def _build_with_cmake(
    recipe: Recipe, folder: Path, environment: dict[str, str], advance: Callable[[], None]
) -> None:
    board = recipe.board
    settings = {
        "MICROPY_BOARD": board.micropython_board,
        "PICO_SDK_PATH_OVERRIDE": recipe.sources.pico_sdk,
        "PICO_NO_PICOTOOL": 1,
        "PICO_BUILD_DOCS": 0,
    }
    if recipe.own_board:
        settings["MICROPY_BOARD_DIR"] = recipe.own_board
    if recipe.with_module:
        settings["USER_C_MODULES"] = recipe.module / "micropython.cmake"
        settings["CVL_OPS"] = " ".join(recipe.operators)
    port = recipe.sources.micropython / "ports" / board.port
    definitions = [f"-D{name}={value}" for name, value in settings.items()]
    run(
        ["cmake", "-G", "Ninja", "-S", port, "-B", folder, *definitions],
        f"configure firmware for {board.title}",
        environment=environment,
    )
    run(["ninja", "-C", folder], _purpose(recipe), environment=environment, on_line=_follow_ninja(advance))


def _follow_ninja(advance: Callable[[], None]) -> Callable[[str], None]:
    def follow(line: str) -> None:
        if re.match(r"\[\d+/\d+\]", line):
            advance()

    return follow


def _purpose(recipe: Recipe) -> str:
    return f"build firmware for {recipe.board.title}"


def jobs() -> str:
    return f"-j{os.cpu_count() or 1}"
