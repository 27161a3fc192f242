"""What a report is made from: folders that are none of a training are refused."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner
from convlet import bench_build
from convlet.board_profile import OperatorCycles, PicoProfile
from convlet.cli import convlet as command_line
from convlet.errors import ConvletError, ToolError, VerifyError
from convlet.report import answers
from convlet.report import facts as facts_module
from convlet.report.facts import PICO, find_trained, gather
from convlet.report.on_pico import OnPico
from convlet.report.page import render
from convlet.tasks import CLASSIFICATION, RECONSTRUCTION, StepClassification
from convlet.training_record import read_record
from convlet.verify import Verified

if TYPE_CHECKING:
    from conftest import Digits


@pytest.fixture
def trained(digits: Digits, tmp_path: Path) -> Path:
    """The folder of the trained digits with few test samples."""
    folder = tmp_path / "digits"
    shutil.copytree(digits.folder, folder)
    np.savez(folder / "digits.test.npz", images=digits.images[:20], labels=digits.labels[:20])
    return folder


def test_a_folder_without_a_training_is_refused(tmp_path: Path) -> None:
    expected = f"{tmp_path} is no folder of one `convlet train`: it has none of the files NAME.metrics.json"
    with pytest.raises(ConvletError, match=re.escape(expected)):
        find_trained(tmp_path)


def test_a_folder_with_two_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.metrics.json").write_text("{}")
    with pytest.raises(ConvletError, match=re.escape("has 2 (a, b) of the files NAME.metrics.json")):
        find_trained(tmp_path)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("digits.training.json", "cannot read the record of a training"),
        ("digits.test.npz", "cannot read the test split"),
        ("digits.tflite", "cannot read the int8 model"),
        ("digits.float.tflite", "cannot read the float model"),
    ],
)
def test_a_missing_file_is_named(file: str, message: str, trained: Path) -> None:
    (trained / file).unlink()
    with pytest.raises(ConvletError, match=f"{message} .*{file}: No such file"):
        gather(trained)


@pytest.mark.parametrize(
    ("file", "content"),
    [("digits.test.npz", b"PK"), ("digits.metrics.json", b"{"), ("digits.metrics.json", b"[]")],
)
def test_a_damaged_file_is_named(file: str, content: bytes, trained: Path) -> None:
    (trained / file).write_bytes(content)
    with pytest.raises(ConvletError, match=f"{file}[ :]"):
        gather(trained)


def test_without_qemu_the_page_says_that_nothing_was_counted(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(core: object) -> None:
        raise ToolError("cannot compile: arm-none-eabi-gcc <none> is not installed")

    monkeypatch.setattr(bench_build, "build", missing)
    html = render(gather(trained))
    assert (
        "No instructions were counted: cannot compile: arm-none-eabi-gcc &lt;none&gt; is not installed"
        in html
    )
    assert "Cortex-M0+" not in html


def test_an_output_that_is_not_tflms_is_no_report(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Verified(20, 0, 1, np.zeros((20, 10), np.int8), "tflite-micro")
    monkeypatch.setattr(facts_module, "verify", lambda *arguments: wrong)
    with pytest.raises(VerifyError, match=r"digits\.tflite does not give TFLM's outputs"):
        gather(trained)


PROFILE = PicoProfile(125_000, (OperatorCycles("INPUT", 0, 20), OperatorCycles("OTHER", 9, 120_000)), 3)


def test_a_board_is_compared_on_the_samples_that_it_ran(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts_module, "_count", lambda *arguments: ([], ""))
    outputs = gather(trained).verified.outputs[:7]
    facts = gather(trained, on_board=lambda *arguments: OnPico(outputs, PROFILE, 1000, "A <note>."))
    run = facts.run(PICO)
    assert run is not None
    assert (len(run.outputs), run.differ, run.file_bytes) == (7, 0, 1000)
    html = render(facts)
    assert "first 7:" in html
    assert "125,000 cycles:</small> 1 ms" in html
    assert "A &lt;note&gt;." in html
    assert "On the Pico, with --prefer ram" in html and "OTHER" in html
    outputs = outputs.copy()
    outputs[3, 3] ^= 1
    with pytest.raises(VerifyError, match="1 of 7 outputs on the board are not TFLM's"):
        gather(trained, on_board=lambda *arguments: OnPico(outputs, PROFILE, 1000))


def test_steps_that_see_too_little_do_not_count(trained: Path) -> None:
    record = read_record(trained / "digits.training.json")
    task = facts_module._task(dataclasses.replace(record, warm_up=30), ["a", "b"])
    assert isinstance(task, StepClassification)
    assert task.warm_up == 30
    assert facts_module._task(record, ["a", "b"]) is CLASSIFICATION
    assert facts_module._task(record, []) is RECONSTRUCTION


def test_how_sure_a_model_is_by_its_logits_or_probabilities() -> None:
    scores = np.log(np.array([0.1, 0.7, 0.2]))
    assert answers._probability(scores, 1, True) == pytest.approx(0.7)
    assert answers._probability(np.exp(scores), 1, False) == pytest.approx(0.7)


def test_json_has_the_numbers_of_the_page(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_module, "_count", lambda *arguments: ([], ""))
    done = CliRunner().invoke(command_line, ["report", str(trained), "--json"], catch_exceptions=False)
    found = json.loads(done.stdout)
    page = Path(found.pop("page"))
    assert page == trained / "digits.report.html"
    assert json.dumps(found) in page.read_text()
