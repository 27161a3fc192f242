"""Float `.tflite` to int8 without TensorFlow: what comes out compiles, and is exact."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tflite
from click.testing import CliRunner
from convlet import calibration_table, edge_quantizer
from convlet.array_files import load_labelled
from convlet.calibration import METHODS
from convlet.cli import convlet as command_line
from convlet.compile import compile_tflite
from convlet.edge_quantizer import EdgeQuantizer
from convlet.errors import ConvletError, ModelError, ToolError
from convlet.evaluate import accuracy, run_int8
from convlet.signal_to_noise import measure_noise
from convlet.verify import random_images, verify

if TYPE_CHECKING:
    from conftest import Digits


@pytest.fixture
def float_path(digits: Digits) -> Path:
    return digits.folder / "digits.float.tflite"


@pytest.fixture
def quantizer(digits: Digits, float_path: Path) -> EdgeQuantizer:
    return EdgeQuantizer(float_path.read_bytes(), digits.images[:100], "digits")


@pytest.mark.parametrize("calibration", METHODS)
def test_the_int8_model_compiles_and_gives_tflms_bits(
    calibration: str, quantizer: EdgeQuantizer, digits: Digits
) -> None:
    made = quantizer.quantize(calibration)
    compiled = compile_tflite(made)
    assert verify(made, compiled, random_images(compiled, 20)).exact
    assert accuracy(run_int8(made, digits.images).outputs, digits.labels) > 0.95


def test_ranges_are_those_of_the_calibration(
    quantizer: EdgeQuantizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_quantizer, "METHODS", {"fixed": lambda histogram: (-1.0, 4.0)})
    graph = tflite.Model.GetRootAs(quantizer.quantize("fixed"), 0).Subgraphs(0)
    for index in (graph.Inputs(0), graph.Outputs(0)):
        scale = graph.Tensors(index).Quantization().ScaleAsNumpy()
        np.testing.assert_allclose(scale, [5 / 255], rtol=1e-6)


def test_equal_data_gives_equal_bytes(quantizer: EdgeQuantizer) -> None:
    assert quantizer.quantize("mse") == quantizer.quantize("mse")


def test_the_command_takes_a_float_tflite_and_needs_no_tensorflow(
    digits: Digits, float_path: Path, tmp_path: Path
) -> None:
    np.save(tmp_path / "samples.npy", digits.images[:100])
    program = "import sys; sys.modules['tensorflow'] = None; from convlet.cli import main; main(sys.argv[1:])"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            program,
            "quantize",
            str(float_path),
            "--data",
            str(tmp_path / "samples.npy"),
            "-o",
            str(tmp_path / "model.tflite"),
            "--calibration",
            "percentile",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    made = (tmp_path / "model.tflite").read_bytes()
    assert f"{tmp_path / 'model.tflite'}: {len(made):,} bytes" in done.stdout
    assert re.search(r" 3 +FULLY_CONNECTED +1x1x10 +4\d\.\d +4\d\.\d ", done.stdout)
    compiled = compile_tflite(made)
    assert verify(made, compiled, random_images(compiled, 5)).exact


def test_the_model_is_not_overwritten(float_path: Path, digits: Digits, tmp_path: Path) -> None:
    np.save(tmp_path / "samples.npy", digits.images[:10])
    arguments = ["quantize", str(float_path), "--data", str(tmp_path / "samples.npy"), "-o", str(float_path)]
    done = CliRunner().invoke(command_line, arguments)
    assert isinstance(done.exception, ConvletError)
    assert "would replace what it is made from: name another file with -o" in str(done.exception)


def test_an_operator_that_stays_in_float_is_named(
    quantizer: EdgeQuantizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_quantizer, "float_operators", lambda data: ["ELU", "ELU"])
    with pytest.raises(ModelError, match="ai-edge-quantizer leaves ELU of digits in float"):
        quantizer.quantize("min-max")


def test_without_the_quantizer_the_error_says_what_to_install(
    float_path: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_quantizer.quantizer", None)
    with pytest.raises(ToolError, match=re.escape("pip install 'convlet[quantizer]'")):
        EdgeQuantizer(float_path.read_bytes(), digits.images[:10], "digits")


def test_calibrations_are_compared_by_accuracy_and_noise(
    float_path: Path, digits: Digits, tmp_path: Path
) -> None:
    labelled = digits.folder / "digits.test.npz"
    arguments = ["quantize", str(float_path), "--data", str(labelled), "--compare", str(labelled)]
    before = sorted(digits.folder.iterdir())
    done = CliRunner().invoke(command_line, arguments, catch_exceptions=False, env={"COLUMNS": "100"})
    assert done.exit_code == 0
    assert sorted(digits.folder.iterdir()) == before
    choices = calibration_table.compare(float_path, digits.images, digits.images, digits.labels)
    assert [choice.calibration for choice in choices] == ["float", *METHODS]
    quantizer = EdgeQuantizer(float_path.read_bytes(), digits.images, "digits")
    for choice in choices[1:]:
        outputs = run_int8(quantizer.quantize(choice.calibration), digits.images).outputs
        assert choice.accuracy == accuracy(outputs, digits.labels)
        row = rf" {choice.calibration} +ai-edge-quantizer +{choice.accuracy:.2%} +{choice.snr_db:.1f} +0 +"
        assert re.search(row, done.stdout)


@pytest.mark.parametrize(
    ("arrays", "found"),
    [
        ({"labels": np.zeros(4, np.int64)}, "int64 of shape [4]"),
        ({"labels": np.zeros(3)}, "float64 of shape [3]"),
    ],
)
def test_labels_that_do_not_match_are_said(arrays: dict[str, np.ndarray], found: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "test.npz", images=np.zeros((3, 8, 8, 1)), **arrays)
    expected = f"holds 3 images and `labels` that are {found}, expected a whole number for each image"
    with pytest.raises(ConvletError, match=re.escape(expected)):
        load_labelled(tmp_path / "test.npz")


def test_json_has_the_numbers_of_the_tables(float_path: Path, digits: Digits, tmp_path: Path) -> None:
    labelled = str(digits.folder / "digits.test.npz")
    arguments = ["quantize", str(float_path), "--data", labelled, "-o", str(tmp_path / "q.tflite"), "--json"]
    found = json.loads(CliRunner().invoke(command_line, arguments, catch_exceptions=False).stdout)
    assert found["tflite"] == str(tmp_path / "q.tflite")
    layers = measure_noise(float_path.read_bytes(), (tmp_path / "q.tflite").read_bytes(), digits.images)
    assert [layer["snr_db"] for layer in found["layers"]] == [layer.snr_db for layer in layers]
    done = CliRunner().invoke(command_line, [*arguments, "--compare", labelled], catch_exceptions=False)
    choices = json.loads(done.stdout)
    assert [choice["calibration"] for choice in choices] == ["float", *METHODS]
    assert choices[0]["snr_db"] is None
