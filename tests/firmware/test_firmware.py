"""`convlet firmware build`: sizes, reuse, and what a failure says."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from convlet import boards, firmware
from convlet.boards import find
from convlet.cvl_file import read_cvl
from convlet.errors import ToolError
from convlet.firmware import MODULE_FOLDER
from convlet.firmware_recipes import Recipe
from convlet.format import CHOOSABLE
from convlet.progress import Progress
from convlet.sources import locate

FLASH_ALLOWED = 31 * 1024  # with all operators
FLASH_ALLOWED_FOR_DIGITS = 12 * 1024  # with those that digits.cvl needs


class Steps(Progress):
    """Remembers what was reported."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def step(self, text: str) -> None:
        self.texts.append(text)


def test_module_fits_its_budget_on_the_pico() -> None:
    added = firmware.added_by_module("pico")
    assert 0 < added.flash_bytes <= FLASH_ALLOWED
    assert added.ram_bytes == 0


def test_module_for_the_digits_fits_its_budget_on_the_pico(digits: Any) -> None:
    operators = read_cvl(digits.cvl.read_bytes()).kernels
    added = firmware.added_by_module("pico", operators=operators)
    assert 0 < added.flash_bytes <= FLASH_ALLOWED_FOR_DIGITS


@pytest.mark.parametrize("board", ["pico", "pico2", "unix", "qemu-mps2-an385"])
def test_finished_firmware_is_reused(board: str) -> None:
    first, steps = firmware.build(board), Steps()
    assert firmware.build(board, progress=steps) == first
    assert steps.texts == []
    assert first.image.is_file()
    assert first.elf.is_file()


@pytest.mark.parametrize("board", ["pico", "pico2"])
def test_heap_of_the_table_is_that_of_the_firmware(board: str) -> None:
    listing = subprocess.run(
        ["arm-none-eabi-nm", firmware.build(board).elf], capture_output=True, text=True, check=True
    ).stdout
    start, end = (int(re.search(rf"(\w+) . __GcHeap{name}\n", listing)[1], 16) for name in ("Start", "End"))
    collector = (end - start) * 3 // 131  # MicroPython's tables: 3 bits for each 16 bytes
    stated = boards.find(board).heap_bytes
    assert stated is not None
    assert 0 <= end - start - collector - stated < 10_000


@pytest.mark.parametrize("board", ["pico", "pico2"])
def test_image_is_marked_for_the_boards_chip(board: str) -> None:
    block = firmware.build(board).image.read_bytes()[:512]
    start0, start1, flags, address, _, _, _, family = struct.unpack_from("<8I", block)
    assert (start0, start1, flags & 0x2000) == (0x0A324655, 0x9E5D5157, 0x2000)
    expected = boards.find(board).build.uf2
    assert expected is not None
    assert (family, address) == (expected.family, expected.address)


def test_board_with_wifi_names_what_the_sources_lack() -> None:
    with pytest.raises(
        ToolError, match=r"needs cyw43-driver, lwip, btstack, .* CONVLET_MICROPYTHON .*BOARD=RPI_PICO_W"
    ):
        firmware.build("pico-w")


def test_command_prints_what_the_module_adds(tmp_path: Path) -> None:
    output = tmp_path / "pico.uf2"
    command = [sys.executable, "-m", "convlet.cli", "firmware", "build", "--board", "pico", "-o", output]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.search(r"the module adds [\d,]+ bytes of flash and 0 bytes of RAM", done.stdout)
    assert output.read_bytes() == firmware.build("pico").image.read_bytes()


def test_json_of_the_command() -> None:
    command = [sys.executable, "-m", "convlet.cli", "firmware", "build", "--board", "pico", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    made, added = firmware.build("pico"), firmware.added_by_module("pico")
    assert json.loads(done.stdout) == {
        "board": "pico",
        "image": str(made.image),
        "flash_bytes": made.flash_bytes,
        "ram_bytes": made.ram_bytes,
        "operators": list(CHOOSABLE),
        "added": {"flash_bytes": added.flash_bytes, "ram_bytes": added.ram_bytes},
    }


def test_failure_shows_the_compilers_words_and_leaves_nothing(tmp_path: Path) -> None:
    module = tmp_path / "module"
    shutil.copytree(MODULE_FOLDER, module)
    glue = module / "modconvlet.c"
    glue.write_text(f'#error "spoiled by a test"\n{glue.read_text()}')
    with pytest.raises(ToolError, match=r"cannot build firmware for this computer(.|\n)*spoiled by a test"):
        firmware.build("unix", module=module)
    with pytest.raises(ToolError, match="spoiled"):  # and not from the cache the next time
        firmware.build("unix", module=module)


def test_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolError, match="arm-none-eabi-gcc is not installed"):
        firmware.build("pico")


def test_missing_module_sources(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="work from a checkout"):
        firmware.build("unix", module=tmp_path)


def test_only_unix_has_sanitizers() -> None:
    with pytest.raises(ToolError, match="only the board unix"):
        firmware.build("pico", sanitize=True)


def test_a_choice_of_all_operators_is_none() -> None:
    """Else the firmware would have the short error texts of a build for a few models."""
    recipe = Recipe(find("pico"), locate(), MODULE_FOLDER, True, CHOOSABLE, False)
    assert recipe.choice == ""
    assert replace(recipe, operators=("CONV_2D", "STREAM")).choice == "CONV_2D STREAM"


def test_only_a_pico_has_hot_code_in_ram() -> None:
    with pytest.raises(ToolError, match="only a Pico's kernels can be put into RAM"):
        firmware.build("qemu-mps2-an385", hot_in_ram=True)
