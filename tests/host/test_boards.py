"""The table of boards agrees with the definitions that MicroPython's build reads."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner
from convlet.boards import BOARDS, find
from convlet.cli import convlet as command_line
from convlet.errors import ToolError
from convlet.firmware import MODULE_FOLDER

OWN_RP2_BOARDS = [board for board in BOARDS.values() if board.storage and board.name != "pico-stock"]


@pytest.mark.parametrize("board", OWN_RP2_BOARDS, ids=lambda board: board.name)
def test_file_system_lies_where_the_board_definition_has_it(board) -> None:
    header = (MODULE_FOLDER / "boards" / board.build.micropython_board / "mpconfigboard.h").read_text()
    assert board.storage.size == bytes_in(header, "FLASH_STORAGE_BYTES")
    assert board.storage.offset + board.storage.size == board.flash_bytes
    assert board.rom_bytes == bytes_in(header, "ROMFS_BYTES")


def bytes_in(header: str, name: str) -> int:
    found = re.search(rf"{name} \(([\d *]+)\)", header)
    assert found
    return math.prod(int(factor) for factor in found.group(1).split("*"))


@pytest.mark.parametrize("columns", [80, 100])
def test_command_lists_every_board_and_what_has_run(columns: int) -> None:
    command = [sys.executable, "-m", "convlet.cli", "boards"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"COLUMNS": str(columns)})
    lines = done.stdout.splitlines()
    for board in BOARDS.values():
        (line,) = (line for line in lines if re.match(rf"\s*{re.escape(board.name)}\s", line))
        assert board.chip in line and board.core in line
        assert board.ran_in in line
    assert max(map(len, lines)) <= columns
    assert "on real silicon yet" in done.stdout


def test_json_of_the_boards() -> None:
    done = CliRunner().invoke(command_line, ["boards", "--json"], catch_exceptions=False)
    found = {board["name"]: board for board in json.loads(done.stdout)}
    assert list(found) == list(BOARDS)
    assert (found["pico"]["core"], found["pico"]["clock_mhz"]) == ("Cortex-M0+", find("pico").clock_mhz)
    assert found["unix"]["clock_mhz"] is None


def test_unknown_board_lists_the_known_ones() -> None:
    with pytest.raises(ToolError, match=r"teapot; there are: pico, pico-stock, pico-w, pico2, esp32, .*unix"):
        find("teapot")
