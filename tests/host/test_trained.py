"""Trained models in the cache: trained once, and again when the recipe or the data are others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from convlet import trained as trained_module
from convlet.datasets.digits import load_digits
from convlet.trained import trained
from convlet.zoo import find_recipe


@pytest.fixture
def trainings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the models that were trained, which takes no time here."""
    names: list[str] = []

    def train(name: str, folder: Path, *, deterministic: bool, **rest: Any) -> SimpleNamespace:
        assert deterministic
        names.append(name)
        folder.mkdir()
        (folder / f"{name}.tflite").write_bytes(b"trained")
        return SimpleNamespace(interrupted=False)

    monkeypatch.setenv("CONVLET_CACHE", str(tmp_path))
    monkeypatch.setattr(trained_module, "train", train)
    return names


def test_a_model_is_trained_once(trainings: list[str]) -> None:
    first, second = trained("digits"), trained("digits")
    assert first == second
    assert first.tflite.read_bytes() == b"trained"
    assert trainings == ["digits"]


def test_an_interrupted_training_is_not_kept(trainings: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bits depend on when Ctrl-C came."""
    train = trained_module.train

    def interrupted(*arguments: Any, **options: Any) -> SimpleNamespace:
        train(*arguments, **options)
        return SimpleNamespace(interrupted=True)

    monkeypatch.setattr(trained_module, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trained("digits")
    monkeypatch.setattr(trained_module, "train", train)
    trained("digits")
    assert trainings == ["digits", "digits"]


def test_other_data_train_again_and_leave_the_first_model_in_place(
    trainings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trained("digits")
    data = load_digits()
    fewer = replace(data, test=data.validation)
    monkeypatch.setattr(
        trained_module, "find_recipe", lambda name: replace(find_recipe(name), load_data=lambda: fewer)
    )
    second = trained("digits")
    assert trainings == ["digits", "digits"]
    assert second.folder != first.folder
    assert first.folder.is_dir()


def test_what_people_read_decides_nothing() -> None:
    code = trained_module._code('"""Of a module."""\nclass A:\n    def f(self): return 1\n')
    documented = (
        '''# why\nclass A:\n    "Of a class."\n\n    def f(self):\n        """It."""\n        return 1'''
    )
    assert trained_module._code(documented) == code
    assert trained_module._code(documented.replace("return 1", "return 2")) != code
    assert trained_module._code(documented.replace('"""It."""', 'print("It.")')) != code


def test_only_the_files_that_training_uses_decide() -> None:
    names = {path.name for path in trained_module._modules("digits")}
    assert {"digits.py", "train.py", "tasks.py", "quantization.py"} <= names
    assert not {"lenet5.py", "zoo_table.py", "cli.py", "graph.py", "oracle.py"} & names
