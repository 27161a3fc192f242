"""The examples in docstrings and in docs/python.md are right."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from convlet import quantize
from PIL import Image
from quick_converter import QuickConverter

if TYPE_CHECKING:
    from conftest import Digits

# What docs/python.md names of each module.
PUBLIC = {
    "c_header": ("export_c",),
    "calibration_table": ("compare",),
    "cheaper": ("cheaper_layers",),
    "compile": ("compile_tflite", "compile_file", "read_labels"),
    "cvl_file": ("read_cvl",),
    "doctor": ("examine",),
    "engine": ("Model", "check"),
    "fits": ("needs_of", "measure", "fit"),
    "images": ("load_image",),
    "layout": ("layout_of",),
    "own_data": ("own_recipe",),
    "quantize": ("quantize",),
    "report.facts": ("gather",),
    "signal_to_noise": ("measure_noise",),
    "train": ("train",),
    "verify": ("verify", "random_images"),
}
DOCS = Path(__file__).parents[2] / "docs"


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
    Image.fromarray((seven[..., 0] * 255).astype(np.uint8)).save(tmp_path / "seven.png")
    for grey, name in ((50, "cat"), (200, "dog")):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(5):
            Image.new("L", (20, 20), grey + i).save(tmp_path / "pets" / name / f"{i}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(quantize, "Converter", QuickConverter)
    return tmp_path


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # TensorFlow's own
@pytest.mark.parametrize("name", PUBLIC)
def test_docstrings(name: str, folder: Path) -> None:
    module = importlib.import_module(f"convlet.{name}")
    globs = vars(module) | {"Path": Path}
    found = {
        test.name.removeprefix(f"{module.__name__}."): test for test in doctest.DocTestFinder().find(module)
    }
    runner = doctest.DocTestRunner()
    for public in PUBLIC[name]:
        test = found[public]
        assert test.examples, f"{name}.{public} has no example"
        test.globs = dict(globs)
        assert runner.run(test).failed == 0


@pytest.mark.parametrize("name", PUBLIC)
def test_the_page_names_all_of_them(name: str) -> None:
    text = (DOCS / "python.md").read_text()
    for public in PUBLIC[name]:
        assert f"`{name}.{public}`" in text


def test_the_sessions_of_the_page(folder: Path) -> None:
    found = doctest.testfile(str(DOCS / "python.md"), module_relative=False)
    assert found.failed == 0 and found.attempted > 15


def test_every_function_that_the_page_names_is_there() -> None:
    table = (DOCS / "python.md").read_text().split("\n\n")[2]
    names = re.findall(r"`(\w+)\.(\w+)`", table)
    assert len(names) > 20
    for module, name in names:
        assert getattr(importlib.import_module(f"convlet.{module}"), name).__doc__
