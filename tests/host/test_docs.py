"""Every command of the pages in docs/ is run, in the order of the page, in a folder with a few pictures of digits."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from convlet.boards import Board
from convlet.datasets.digits import read_digits
from PIL import Image

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
IN_THE_CHECKOUT = {"adding_a_board.md", "adding_an_operator.md", "performance.md"}
BLOCK = re.compile(r"^ *```(\w*)([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LANGUAGES = {"sh", "text", "python"}


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """Language, what stands behind it, and text of each."""
    return [(language, rest.strip(), text) for language, rest, text in BLOCK.findall(page.read_text())]


def commands(page: Path) -> str:
    return "".join(text for language, rest, text in blocks(page) if language == "sh" and not rest)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images, labels = read_digits()
    for index, name in enumerate(("zero", "one", "two")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i, image in enumerate(images[labels == index][:30]):
            picture = Image.fromarray((image[..., 0] * 255).astype(np.uint8)).resize((40, 40))
            picture.save(tmp_path / "photos" / name / f"{i}.png")
            if i == 29 and index == 2:
                picture.save(tmp_path / "my.png")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    assert page.read_text().count("```") == 2 * len(blocks(page))
    for language, rest, text in blocks(page):
        assert language in LANGUAGES, text
        assert rest == "" or rest.startswith("not run: "), rest
        # Sessions of Python are run by test_examples.py and test_format_page.py.
        assert language != "python" or rest or text.startswith(">>> "), text


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.stem)
def test_the_commands_of_a_page(page: Path, folder: Path) -> None:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "100",
    }
    work = ROOT if page.name in IN_THE_CHECKOUT else folder
    script = f"set -euo pipefail\n{commands(page)}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=work,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    if page.name == "walk.md":
        last = done.stdout.splitlines()[-1]
        assert re.fullmatch(r"my\.png: (\w+ \(\d+\.\d%\)(, |$)){3}", last), done.stdout


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_page_about_boards_names_the_fields_that_they_have() -> None:
    text = (ROOT / "docs" / "adding_a_board.md").read_text()
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", text, re.MULTILINE))))
    fields = {field.name for field in dataclasses.fields(Board)}
    assert named and named <= fields
