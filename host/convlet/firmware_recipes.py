"""How each port of MicroPython is built. This file is part of every firmware's digest."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from convlet import esp_idf
from convlet.boards import Board
from convlet.errors import ToolError
from convlet.format import CHOOSABLE
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
    "AFLAGS",
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
    hot_in_ram: bool = False

    @property
    def kind(self) -> str:
        """Names the firmwares that differ only in their inputs, such as unix-sanitized."""
        variants = (
            "" if self.with_module else "-bare",
            "-sanitized" if self.sanitize else "",
            "-hot" if self.hot_in_ram else "",
        )
        return self.board.name + "".join(variants)

    @property
    def choice(self) -> str:
        """CVL_OPS; empty when all operators and features are in, and all error texts."""
        return "" if self.operators == CHOOSABLE else " ".join(self.operators)

    @property
    def own_board(self) -> Path | None:
        """Our definition of the board, when MicroPython's own does not do."""
        folder = self.module / "boards" / self.board.build.micropython_board
        return folder if folder.is_dir() else None


def build(recipe: Recipe, folder: Path, mpy_cross: Path, advance: Callable[[], None]) -> None:
    """Build in `folder`, continuing what is there. Raises ToolError with the compiler's message."""
    environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN_VARIABLES}
    environment["MICROPY_MPYCROSS"] = str(mpy_cross)
    environment["PYTHONHASHSEED"] = "0"  # else the order of the generated tables changes from build to build
    if recipe.sources.is_fixed:
        released = (recipe.sources.micropython / "py" / "mpconfig.h").stat().st_mtime
        environment["SOURCE_DATE_EPOCH"] = str(int(released))
    builders = {"rp2": _build_with_cmake, "esp32": _build_with_idf}
    builders.get(recipe.board.build.port, _build_with_make)(recipe, folder, environment, advance)


def build_mpy_cross(sources: Sources, folder: Path) -> None:
    """Build mpy-cross in `folder`; quick when it is there."""
    source = sources.micropython / "mpy-cross"
    run(
        ["make", jobs(), "-C", source, f"BUILD={folder}"],
        "build mpy-cross, which compiles frozen modules",
    )


def make_image(recipe: Recipe, folder: Path, target: Path) -> Path | None:
    """The file to flash, made in `target`; None when the board starts the ELF itself."""
    build = recipe.board.build
    if build.image:
        return Path(shutil.copy2(folder / build.image, target))
    if build.uf2 is None:
        return None
    image = target / "firmware.uf2"
    tool = recipe.sources.micropython / "tools" / "uf2conv.py"
    family, address = hex(build.uf2.family), hex(build.uf2.address)
    binary = (folder / build.product).with_suffix(".bin")
    run([sys.executable, tool, "-f", family, "-b", address, "-c", "-o", image, binary], "make the UF2 file")
    return image


def with_tools(recipe: Recipe, command: Sequence[str | Path], folders: Sequence[Path]) -> list[str | Path]:
    """`command` where the board's compiler is to be found. Raises ToolError when there is no ESP-IDF for an ESP32."""
    build = recipe.board.build
    if build.port != "esp32":
        return list(command)
    idf = esp_idf.locate()
    if idf is None:
        raise ToolError(
            esp_idf.advice(recipe.board.name, build.micropython_board, recipe.module, recipe.operators)
        )
    return list(idf.wrap(command, folders))


def _build_with_idf(
    recipe: Recipe, folder: Path, environment: dict[str, str], advance: Callable[[], None]
) -> None:
    port = recipe.sources.micropython / "ports" / "esp32"
    command = ["make", "-C", str(port), f"BOARD={recipe.board.build.micropython_board}", f"BUILD={folder}"]
    if recipe.with_module:
        command.append(esp_idf.setting(recipe.module, recipe.operators))
    folder.mkdir(parents=True, exist_ok=True)  # else Docker makes it, as root
    wrapped = with_tools(recipe, command, [recipe.sources.micropython, recipe.module, folder])
    run(wrapped, _purpose(recipe), environment=environment, on_line=_follow_ninja(advance))


def _build_with_make(
    recipe: Recipe, folder: Path, environment: dict[str, str], advance: Callable[[], None]
) -> None:
    build = recipe.board.build
    port = recipe.sources.micropython / "ports" / build.port
    what = "VARIANT" if build.port == "unix" else "BOARD"
    command = [
        *("make", jobs(), "-C", str(port), f"BUILD={folder}"),
        *(f"{what}={build.micropython_board}", f"{what}_DIR={recipe.own_board}"),
    ]
    if recipe.sanitize:
        command += _SANITIZED_SETTINGS
    if recipe.with_module:
        # make looks for micropython.mk one level below this folder.
        command += [f"USER_C_MODULES={recipe.module.parent}", f"CVL_OPS={recipe.choice}"]
    run(command, _purpose(recipe), environment=environment, on_line=lambda line: advance())


def _has_frozen_drivers(sources: Sources) -> bool:
    """Whether there is more of micropython-lib than Debian's package has, such as a checkout's submodule."""
    return (sources.micropython / "lib/micropython-lib/micropython/drivers").is_dir()


def _build_with_cmake(
    recipe: Recipe, folder: Path, environment: dict[str, str], advance: Callable[[], None]
) -> None:
    build = recipe.board.build
    settings = {
        "MICROPY_BOARD": build.micropython_board,
        "PICO_SDK_PATH_OVERRIDE": recipe.sources.pico_sdk,
        "PICO_NO_PICOTOOL": 1,
        "PICO_BUILD_DOCS": 0,
    }
    if recipe.own_board:
        settings["MICROPY_BOARD_DIR"] = recipe.own_board
    if build.manifest and not _has_frozen_drivers(recipe.sources):
        settings["MICROPY_FROZEN_MANIFEST"] = recipe.module / "boards" / build.manifest
    if recipe.with_module:
        settings["USER_C_MODULES"] = recipe.module / "micropython.cmake"
        settings["CVL_OPS"] = recipe.choice
        settings["CVL_HOT_IN_RAM"] = "ON" if recipe.hot_in_ram else "OFF"
    port = recipe.sources.micropython / "ports" / build.port
    definitions = [f"-D{name}={value}" for name, value in settings.items()]
    run(
        ["cmake", "-G", "Ninja", "-S", port, "-B", folder, *definitions],
        f"configure firmware for {recipe.board.title}",
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
