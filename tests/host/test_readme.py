"""The README says what is true, and its commands are run, each with the files that it names."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import pytest
from click.testing import CliRunner
from convlet import cli, quantize
from convlet.ops import REGISTRY
from convlet.trained import trained
from convlet.zoo import NAMES
from convlet.zoo_table import BEGIN, COLUMNS, END
from PIL import Image
from quick_converter import QuickConverter

if TYPE_CHECKING:
    from conftest import Digits

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
WALK = (ROOT / "docs" / "walk.md").read_text()
WITHOUT_A_KERNEL = {
    "COPY",
    "GATHER",
    "LOOKUP",
    "PACK",
    "REDUCE_PROD",
    "SHAPE",
}  # folded away, or made by a pass

# Why commands that begin so are not run here.
NOT_RUN = {
    "scripts/test": "it runs this",
    "scripts/demo": "it takes minutes; tests/firmware runs what it does",
    "convlet demo": "the same",
    "git clone": "the tests run in a checkout that is set up",
    "scripts/setup": "the tests run in a checkout that is set up",
    "mpremote": "tests/firmware runs the scripts of device/",
    "convlet train": "tests/host/test_train.py and zoo/ do; the walk's is in docs/walk.md",
    "convlet compile photos-model/": "docs/walk.md has it, see below",
    "convlet run photos-model/": "docs/walk.md has it, see below",
    "convlet firmware flash": "needs a board; tests/host/test_uf2_flash.py has mocks",
    "convlet deploy": "needs a board; tests/firmware/test_deploy.py has an emulated one",
    "convlet monitor": "the same in test_monitored_board.py",
    "convlet evaluate": "the same in test_serial_classify.py",
    "convlet capture": "the same in test_capture_on_boards.py",
    "convlet emulate": "it waits for Ctrl-C; tests/firmware/test_emulate.py does that",
}


def blocks() -> list[str]:
    """The lines in the fences, of those that hold commands, without their comments."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    lines = [line for language, text in found if language in ("", "sh") for line in text.splitlines()]
    return [
        line.split("  #")[0].strip() for line in lines if re.match("convlet |scripts/|git |mpremote ", line)
    ]


def tables() -> list[str]:
    """The first cells of the tables of commands."""
    return re.findall(r"^\| `(convlet [^`]+)` \|", README, re.MULTILINE)


RUN = [line for line in tables() + blocks() if not any(map(line.startswith, NOT_RUN))]


@pytest.fixture(scope="module")
def folder(digits: Digits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the commands name."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(digits.folder, folder / "digits")
    shutil.copytree(trained("lenet5").folder, folder / "lenet5")
    names = {
        "model.tflite": "digits.tflite",
        "model.keras": "digits.keras",
        "labels.txt": "digits.labels.txt",
    }
    for name, source in names.items():
        shutil.copy(digits.folder / source, folder / name)
    shutil.copy(digits.cvl, folder)
    np.save(folder / "samples.npy", digits.images[:20])
    Image.fromarray((digits.images[0, ..., 0] * 255).astype(np.uint8)).save(folder / "photo.png")
    return folder


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # TensorFlow's own
@pytest.mark.parametrize("line", RUN)
def test_commands(line: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the page: some need what others leave."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(quantize, "Converter", QuickConverter)
    done = CliRunner().invoke(cli.convlet, shlex.split(line)[1:], catch_exceptions=False)
    assert done.exit_code == 0 and done.stdout, done.output


def test_most_commands_are_run() -> None:
    assert len(RUN) > 15
    unused = [start for start in NOT_RUN if not any(line.startswith(start) for line in tables() + blocks())]
    assert unused == []


def test_the_walk_is_that_of_its_page_which_is_run() -> None:
    lines = [line for line in blocks() if "photos" in line]
    assert len(lines) == 3 and all(f"\n{line}\n" in WALK for line in lines)


@pytest.mark.parametrize(
    "text", sorted(set(re.findall(r"`convlet ([a-z][^`]*)`", README.replace("\n", " "))))
)
def test_every_command_that_is_named_has_these_options(text: str) -> None:
    command: click.Command = cli.convlet
    for word in text.split():
        if isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            assert found, word
            command = found
        elif word.startswith("-"):
            names = {name for parameter in command.params for name in parameter.opts} | {"--help", "-h"}
            assert word.rstrip(",.") in names


def test_the_list_of_operators_is_complete() -> None:
    begin = README.index("Today: ")
    listed = set(re.findall(r"[A-Z][A-Z_0-9]{2,}", README[begin : README.index(".\n", begin)]))
    assert listed == REGISTRY.keys() - WITHOUT_A_KERNEL


def test_the_zoos_table_has_every_model_and_no_mismatch() -> None:
    lines = README[README.index(BEGIN) : README.index(END)].splitlines()[1:]
    headings, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    assert headings == [heading for heading, _ in COLUMNS]
    assert [row[0] for row in rows][: len(NAMES)] == list(NAMES)
    assert {row[headings.index("Differ")].split(" of ")[0] for row in rows} == {"0"}
