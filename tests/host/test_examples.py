"""The examples in docstrings, and the sessions in docs/, are right."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from convlet import quantize
from convlet.cli import COMMANDS
from PIL import Image
from quick_converter import QuickConverter

if TYPE_CHECKING:
    from conftest import Digits

DOCS = Path(__file__).parents[2] / "docs"
# What the table of docs/python.md names.
NAMED = re.findall(r"`((?:\w+\.)*\w+)\.(\w+)`", (DOCS / "python.md").read_text().split("\n\n")[2])


@pytest.fixture
def folder(digits: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where examples run: the trained digits, a picture of one, and pictures of two classes."""
    kinds = (
        "tflite",
        "keras",
        "cvl",
        "labels.txt",
        "test.npz",
        "float.tflite",
        "metrics.json",
        "training.json",
    )
    for name in (f"digits.{kind}" for kind in kinds):
        (tmp_path / name).write_bytes((digits.folder / name).read_bytes())
    seven = digits.images[np.flatnonzero(digits.labels == 7)[0]]
    np.save(tmp_path / "seven.npy", seven)
    pixels = (seven[..., 0] * 255).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "seven.png")
    (tmp_path / "seven.gray").write_bytes(pixels.tobytes())
    for grey, name in ((50, "cat"), (200, "dog")):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(5):
            Image.new("L", (20, 20), grey + i).save(tmp_path / "pets" / name / f"{i}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(quantize, "Converter", QuickConverter)
    return tmp_path


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # TensorFlow's own
@pytest.mark.parametrize(("module_name", "name"), NAMED)
def test_docstrings(module_name: str, name: str, folder: Path) -> None:
    module = importlib.import_module(f"convlet.{module_name}")
    finder = doctest.DocTestFinder(recurse=False)
    (test,) = finder.find(getattr(module, name), name, module, {**vars(module), "Path": Path, "np": np})
    assert test.examples, f"{module_name}.{name} has no example"
    assert doctest.DocTestRunner().run(test).failed == 0


def test_the_page_names_functions_of_each_command() -> None:
    text = (DOCS / "python.md").read_text()
    without = {"completion", "demo", "datasets"}  # these are for people at a terminal
    assert [name for name in COMMANDS if name not in without and f"`convlet {name}" not in text] == []
    assert len(NAMED) > 40


@pytest.mark.parametrize(("page", "least"), [("python.md", 15), ("your_project.md", 8)])
def test_the_sessions_of_a_page(page: str, least: int, folder: Path) -> None:
    found = doctest.testfile(str(DOCS / page), module_relative=False)
    assert found.failed == 0 and found.attempted > least
