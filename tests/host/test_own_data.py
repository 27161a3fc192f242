"""`convlet train --data`: a model of the user's own data, and what is said of data that do not suit the model."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from convlet import cli, quantize
from convlet.compile import compile_file, read_labels
from convlet.datasets.digits import read_digits
from convlet.engine import Model
from convlet.errors import ConvletError
from convlet.images import load_image
from convlet.own_data import CLASSIFIERS, own_recipe
from convlet.tensorflow_import import import_tensorflow
from convlet.train import train_recipe
from PIL import Image
from quick_converter import QuickConverter

pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::DeprecationWarning"
)  # TensorFlow's own

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    from conftest import Digits

CLASSES = ("zero", "one", "two")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """30 handwritten digits of each of three classes as pictures, darker than a picture may be."""
    images, labels = read_digits()
    for index, name in enumerate(CLASSES):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for i, image in enumerate(images[labels == index][:30]):
            Image.fromarray((image[..., 0] * 200).astype(np.uint8)).save(folder / f"{i}.png")
    return tmp_path / "photos"


@pytest.fixture
def gestures(tmp_path: Path) -> Path:
    """Series of 40 steps of 2 values that rise or fall."""
    rng = np.random.default_rng(0)
    for name, slope in (("fall", -1), ("rise", 1)):
        folder = tmp_path / "gestures" / name
        folder.mkdir(parents=True)
        for i in range(10):
            np.save(
                folder / f"{i}.npy",
                slope * np.linspace(0, 3, 80).reshape(40, 2) + rng.normal(0, 0.1, (40, 2)),
            )
    return tmp_path / "gestures"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantize, "Converter", QuickConverter)


def save_keras(path: Path, layers: list[Any]) -> Path:
    tf = import_tensorflow()
    tf.keras.Sequential(layers).save(path)
    return path


def exit_code(*arguments: object) -> Any:
    try:
        cli.main([*map(str, arguments)])
    except SystemExit as stop:
        return stop.code
    return 0


def test_pictures_to_a_model_that_classifies_them(
    photos: Path,
    digits: Digits,
    tmp_path: Path,
    quick: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--model", "digits", "--epochs", "30", "--augment", "shift", "--json")
    assert exit_code("train", "--data", photos, *options) == 0
    found = json.loads(capsys.readouterr().out)
    folder = tmp_path / "photos-model"
    endings = {path.name.removeprefix("digits.") for path in digits.folder.iterdir()} - {"cvl"}
    assert {path.name for path in folder.iterdir()} == {f"photos.{end}" for end in endings}
    assert read_labels(folder / "photos.labels.txt") == sorted(CLASSES)
    assert found["test_images"] == 18 and found["int8_tflite_score"] > 0.8
    # The darkest pictures, too, are taken byte by byte.
    assert found["input"] == {"scale": pytest.approx(1 / 255), "zero_point": -128}
    cvl = tmp_path / "photos.cvl"
    compile_file(folder / "photos.tflite", cvl, labels=read_labels(folder / "photos.labels.txt"))
    model = Model(cvl)
    labels = [model.classify(load_image(photos / "zero" / f"{i}.png", model))[0] for i in range(10)]
    assert labels.count("zero") >= 8


def test_a_keras_model_of_the_users_own_on_series(gestures: Path, tmp_path: Path, quick: None) -> None:
    layers = import_tensorflow().keras.layers
    own = save_keras(
        tmp_path / "own.keras",
        [layers.Input((40, 2)), layers.Flatten(), layers.Dense(2), layers.Softmax()],
    )
    recipe = own_recipe("gestures", gestures, str(own))
    trained = train_recipe(recipe, tmp_path / "out", epochs=20)
    assert trained.metrics.int8_tflite_score == 1.0
    assert trained.recipe.task.from_logits is False
    assert not recipe.pixels


def test_few_samples_come_in_small_batches_and_often(photos: Path) -> None:
    """54 in 9 batches of 6 each: 89 epochs have 801 steps."""
    recipe = own_recipe("photos", photos)
    assert (recipe.batch_size, recipe.epochs) == (6, 89)


def test_series_need_no_model_to_be_named(gestures: Path) -> None:
    recipe = own_recipe("gestures", gestures)
    model = recipe.build(import_tensorflow())
    assert model.name == "motion_conv1d" and model.output_shape == (None, 40, 2)
    assert recipe.load_data().train.labels.shape == (12, 40)


@pytest.mark.parametrize("name", CLASSIFIERS[:-1])
def test_every_classifier_of_the_zoo_is_made_for_other_pictures(name: str, photos: Path) -> None:
    recipe = own_recipe("photos", photos, name, size=(32, 40), channels=3)
    model = recipe.build(import_tensorflow())
    assert (model.input_shape, model.output_shape) == ((None, 32, 40, 3), (None, 3))


def test_the_balance_of_the_classes_is_shown(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for i in range(20):
        (photos / "two" / f"{i}.png").unlink()
    monkeypatch.setattr("convlet.commands.train.train_recipe", _stopped)
    assert exit_code("train", "--data", photos, "--out", tmp_path / "out") == 1
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    for row in (
        ["one", "18", "6", "6", "43%"],
        ["two", "6", "2", "2", "14%"],
        ["zero", "18", "6", "6", "43%"],
    ):
        assert row in rows


def _stopped(*arguments: Any, **options: Any) -> None:
    raise ConvletError("here the training would begin")


def refused(data: Path, model: str | None, expected: str, **options: Any) -> None:
    with pytest.raises(ConvletError, match=re.compile(expected)) as error:
        recipe = own_recipe("own", data, model, **options)
        recipe.build(import_tensorflow())
    assert str(error.value).count("\n") == 0


def test_data_that_do_not_suit_the_model(photos: Path, gestures: Path, tmp_path: Path) -> None:
    refused(tmp_path / "no", None, "there is no data .*no")
    refused(photos, "motion_conv1d", "the model takes inputs of shape 100 x 6, the data are pictures")
    refused(gestures, "lenet5", "lenet5 takes inputs of 28 x 28 x 1, the data are 40 x 2")
    refused(photos, "autoencoder", "there is no model autoencoder; expected a .keras file, or digits, ")
    refused(photos, "no.keras", "cannot read a Keras model no.keras: No such file")
    refused(
        photos, "lenet5", "lenet5 cannot be made for inputs of 6 x 6 x 1, which may be too small", size=(6, 6)
    )
    refused(gestures, None, "--augment flip is for pictures, the data are series", augment=("flip",))
    for path in gestures.rglob("*.npy"):
        np.save(path, np.zeros((30, 2)))
    refused(gestures, None, "the series have 30 steps; motion_conv1d needs more than 30")


def test_a_keras_model_that_does_not_suit_the_data(photos: Path, tmp_path: Path) -> None:
    layers = import_tensorflow().keras.layers
    head = [layers.Flatten(), layers.Dense(4)]
    four = str(save_keras(tmp_path / "four.keras", [layers.Input((8, 8, 1)), *head]))
    refused(photos, four, r"four.keras gives 4 values, but the data have 3 classes: one, two, zero")
    refused(photos, four, r"four.keras takes inputs of 8 x 8 x 1, but 9 x 9 x 1 are asked for", size=(9, 9))
    pool = [layers.GlobalMaxPooling2D(), layers.Dense(3)]
    free = str(save_keras(tmp_path / "free.keras", [layers.Input((None, None, 1)), *pool]))
    refused(photos, free, r"free.keras takes images of any x any x 1: choose one with --size")
    assert own_recipe("own", photos, free, size=(8, 8)).input_shape == (8, 8, 1)
    (tmp_path / "broken.keras").write_text("no zip")
    refused(
        photos, str(tmp_path / "broken.keras"), r"broken\.keras: not a Keras model \(\.keras\): found text"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "give the NAME of a model of the zoo, or --data"),
        (("digits", "--data", "photos"), "give the NAME of a model of the zoo, or --data"),
        (("digits", "--size", "8x8"), "--model, --size, --colour and --augment go with --data"),
        (("--data", "photos", "--size", "8x8x8"), "8x8x8 is no size; expected one such as 32x32"),
        (("--data", "photos", "--size", "0"), "0 is no size"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("train", *arguments) == 2
    assert expected in " ".join(capsys.readouterr().err.split())


def test_results_are_not_put_among_the_data(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(photos)
    assert exit_code("train", "--data", ".") == 1
    assert "photos-model lies in the data" in capsys.readouterr().err
    assert sorted(path.name for path in photos.iterdir()) == sorted(CLASSES)


def test_a_folder_that_cannot_be_written_is_told_before_the_training(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert exit_code("train", "--data", photos, "--out", tmp_path / "file" / "out") == 1
    assert "cannot write into" in capsys.readouterr().err
