"""`convlet train`: what it leaves behind, that it repeats itself, and what is left when it is interrupted."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tflite
from convlet import quantize
from convlet import train as train_module
from convlet.datasets.digits import load_digits
from convlet.errors import ConvletError
from convlet.evaluate import accuracy, run_float, run_int8
from convlet.locks import alone_in
from convlet.progress import Advance, Progress
from convlet.tensorflow_import import import_tensorflow
from convlet.train import train
from convlet.zoo import find_recipe
from quick_converter import QuickConverter

if TYPE_CHECKING:
    from conftest import Digits

TRAIN = [sys.executable, "-m", "convlet.cli", "train", "digits"]
FILES = {
    "digits.keras",
    "digits.float.tflite",
    "digits.tflite",
    "digits.labels.txt",
    "digits.test.npz",
    "digits.metrics.json",
    "digits.curves.png",
    "digits.confusion.png",
    "digits.data.png",
    "digits.model.svg",
    "digits.predictions.png",
    "digits.summary.txt",
    "digits.training.json",
}


def test_training_leaves_all_files(digits: Digits) -> None:
    assert {path.name for path in digits.folder.iterdir()} == FILES | {"digits.cvl"}
    assert (digits.folder / "digits.labels.txt").read_text() == "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"


def test_the_saved_split_is_the_test_split(digits: Digits) -> None:
    expected = load_digits().test
    np.testing.assert_array_equal(digits.images, expected.images)
    np.testing.assert_array_equal(digits.labels, expected.labels)
    assert digits.images.dtype == np.float32


def test_int8_model_has_batch_1_and_only_the_operators_of_its_layers(digits: Digits) -> None:
    model = tflite.Model.GetRootAs(digits.tflite.read_bytes(), 0)
    graph = model.Subgraphs(0)
    codes = [graph.Operators(i).OpcodeIndex() for i in range(graph.OperatorsLength())]
    names = [tflite.opcode2name(model.OperatorCodes(code).BuiltinCode()) for code in codes]
    assert names == ["CONV_2D", "MAX_POOL_2D", "RESHAPE", "FULLY_CONNECTED"]
    ends = [graph.Tensors(graph.Inputs(0)), graph.Tensors(graph.Outputs(0))]
    assert [tensor.ShapeAsNumpy().tolist() for tensor in ends] == [[1, 8, 8, 1], [1, 10]]
    assert [tensor.Type() for tensor in ends] == [tflite.TensorType.INT8] * 2
    assert ends[0].Quantization().ScaleAsNumpy().tolist() == [np.float32(1 / 255)]
    assert ends[0].Quantization().ZeroPointAsNumpy().tolist() == [-128]
    assert len(digits.tflite.read_bytes()) <= 3528


def test_metrics_are_those_of_the_files(digits: Digits) -> None:
    metrics = json.loads((digits.folder / "digits.metrics.json").read_text())
    int8 = run_int8(digits.tflite.read_bytes(), digits.images)
    float_tflite = digits.folder / "digits.float.tflite"
    assert metrics == {
        "epochs": 50,
        "seed": 1337,
        "parameters": 810,
        "test_images": 360,
        "measure": "Accuracy",
        "keras_score": metrics["keras_score"],
        "float_tflite_score": accuracy(run_float(float_tflite.read_bytes(), digits.images), digits.labels),
        "int8_tflite_score": accuracy(int8.outputs, digits.labels),
        "int8_interpreter": "tflite-micro",
        "keras_bytes": (digits.folder / "digits.keras").stat().st_size,
        "float_tflite_bytes": float_tflite.stat().st_size,
        "int8_tflite_bytes": digits.tflite.stat().st_size,
        "input": {"scale": float(np.float32(1 / 255)), "zero_point": -128},
        "output": {"scale": int8.output.scale, "zero_point": int8.output.zero_point},
    }
    # The float .tflite computes what Keras computes.
    assert metrics["keras_score"] == metrics["float_tflite_score"]
    assert metrics["int8_tflite_score"] >= 0.95


def test_two_deterministic_runs_write_the_same_bytes(digits: Digits, tmp_path: Path) -> None:
    subprocess.run([*TRAIN, "--out", str(tmp_path), "--deterministic"], check=True)
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert {name for name in FILES if sha256(tmp_path / name) != sha256(digits.folder / name)} == set()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_ctrl_c_before_the_first_epoch_leaves_no_files_and_says_so(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = subprocess.Popen(
        [*TRAIN, "--out", str(out), "--epochs", "100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    for line in run.stdout:
        if "Loading TensorFlow" in line:
            break
    run.send_signal(signal.SIGINT)
    _, stderr = run.communicate(timeout=120)
    assert (run.returncode, stderr.strip()) == (130, "interrupted")
    assert list(out.iterdir()) == []


class CtrlC(Progress):
    """Interrupts the training when an epoch is done."""

    def __init__(self, after: int) -> None:
        self.left = after

    @contextmanager
    def bar(self, text: str, total: float) -> Iterator[Advance]:
        def advance(amount: float) -> None:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

        yield advance


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # TensorFlow's own
def test_ctrl_c_in_the_training_keeps_the_best_weights_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantize, "Converter", QuickConverter)
    trained = train("digits", tmp_path, epochs=100_000, progress=CtrlC(after=2))
    assert trained.interrupted and trained.metrics.epochs == 2
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_the_best_weights_are_those_of_the_least_validation_loss() -> None:
    class Counting:
        epoch = 0

        def get_weights(self) -> list[int]:
            return [self.epoch]

    model = Counting()
    best = train_module._Best(model)
    for model.epoch, loss in enumerate([3.0, 1.0, 2.0, float("nan")]):
        best.after_epoch({"loss": 0.0, "val_loss": loss})
    assert best.weights == [1] and len(best.history["loss"]) == 4


def test_a_folder_that_another_run_writes_into_is_refused(tmp_path: Path) -> None:
    with (
        alone_in(tmp_path),
        pytest.raises(
            ConvletError, match=r"another run is writing into .*: wait until it is done, or choose"
        ),
    ):
        train("digits", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_model_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(
        ConvletError, match="no model 'lenet' in the zoo; it has: autoencoder, digits, lenet5"
    ):
        train("lenet", tmp_path)


def test_a_folder_that_cannot_be_made_is_said_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run = subprocess.run([*TRAIN, "--out", str(tmp_path / "file" / "out")], capture_output=True, text=True)
    expected = f"error: cannot write into {tmp_path / 'file' / 'out'}: Not a directory\n"
    assert (run.returncode, run.stdout, run.stderr) == (1, "", expected)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorFlow's own
def test_images_are_moved_only_while_the_model_learns() -> None:
    tf = import_tensorflow()
    model = tf.keras.Sequential([tf.keras.Input((8, 8, 1)), tf.keras.layers.Flatten()])
    image = np.zeros((1, 8, 8, 1), np.float32)
    image[0, 3:5, 3:5] = 1
    learner = train_module._augmented(tf, model, replace(find_recipe("digits"), shift=0.25))
    np.testing.assert_array_equal(learner(image, training=False), image.reshape(1, 64))
    moved = np.array([learner(image, training=True)[0] for _ in range(20)])
    assert len(np.unique(moved, axis=0)) > 10
    np.testing.assert_allclose(
        moved.sum(axis=1), 4, atol=1e-4
    )  # by two pixels at most: never out of the picture


def test_an_autoencoder_is_trained_on_enlarged_digits_where_mnist_is_missing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "convlet.cli", "train", "autoencoder", "--epochs", "1", "--out", "made"]
    environment = {**os.environ, "CONVLET_CACHE": str(tmp_path / "cache"), "COLUMNS": "200"}
    run = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert "scikit-learn's 8x8 digits enlarged to 28x28" in run.stdout
    endings = (
        "keras",
        "float.tflite",
        "tflite",
        "test.npz",
        "metrics.json",
        "curves.png",
        "model.svg",
        "reconstructions.png",
        "summary.txt",
        "training.json",
    )
    assert {path.name for path in (tmp_path / "made").iterdir()} == {f"autoencoder.{end}" for end in endings}
    metrics = json.loads((tmp_path / "made" / "autoencoder.metrics.json").read_text())
    assert metrics["measure"] == "PSNR"
    assert metrics["int8_tflite_score"] == pytest.approx(metrics["keras_score"], abs=0.3)
    assert f"{metrics['keras_score']:.2f} dB" in run.stdout
