"""What people do wrong, by the command line: each is told in a clear sentence, and leaves nothing half-written.

Ctrl-C in the training is in test_train.py, two runs in one folder too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from chain import digits_chain
from convlet import cli
from convlet.limits import MOST_OPERATORS
from PIL import Image
from test_damaged_tflite import Net


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes of pictures, and a model, in the working folder."""
    for grey, name in ((50, "cat"), (200, "dog")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(5):
            Image.new("L", (20, 20), grey + i).save(tmp_path / "photos" / name / f"{i}.png")
    (tmp_path / "model.tflite").write_bytes(digits_chain().build())
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What is said of a command, which must fail and leave the files as they were."""

    def call(*arguments: str) -> str:
        before = _files()
        with pytest.raises(SystemExit) as stop:
            cli.main(list(arguments))
        printed = capsys.readouterr()
        assert stop.value.code == 1 and printed.err.startswith("error: ")
        assert printed.err.count("\n") <= 3 and "Traceback" not in printed.err + printed.out
        assert _files() == before
        return printed.err

    return call


def _files() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def test_missing_images(refused: Callable[..., str]) -> None:
    assert "there is no data pets" in refused("train", "--data", "pets")
    cli.main(["compile", "model.tflite"])
    assert "no.png" in refused("run", "model.cvl", "no.png")
    cli.main(["compile", "model.tflite", "--int8-input", "-o", "int8.cvl"])
    assert "photos/cat/1.png: the image has values" in refused("run", "int8.cvl", "photos/cat/1.png")


def test_corrupt_images(refused: Callable[..., str]) -> None:
    for name in ("1", "3"):
        Path(f"photos/cat/{name}.png").write_bytes(b"\x89PNG and no more")
    message = refused("train", "--data", "photos")
    assert re.search(r"2 .*cat/1\.png", message), message
    cli.main(["compile", "model.tflite"])
    assert "photos/cat/1.png" in refused("run", "model.cvl", "photos/cat/1.png")


def test_results_in_the_place_of_what_they_are_made_from(refused: Callable[..., str]) -> None:
    cli.main(["-q", "compile", "model.tflite"])
    for words in (
        ("compile", "model.tflite", "-o", "./model.tflite"),
        ("export-c", "model.cvl", "-o", "model.cvl"),
        ("bench", "model.tflite", "-o", "model.tflite"),
        ("recording", "frame", "photos/cat/1.png", "--model", "model.cvl", "-o", "photos/cat/1.png"),
    ):
        assert "would replace what it is made from: name another file with -o" in refused(*words)


def test_folders_in_the_place_of_files(refused: Callable[..., str]) -> None:
    assert "cannot write photos: it is a folder" in refused("compile", "model.tflite", "-o", "photos")
    for command in ("compile", "export-c", "plan", "quantize --data a.npy", "evaluate", "deploy"):
        name, *options = command.split()
        assert "Is a directory" in refused(name, ".", *options)


def test_images_of_another_size(refused: Callable[..., str]) -> None:
    np.savez("other.npz", images=np.zeros((2, 5, 7, 1), np.float32))
    message = refused("verify", "model.tflite", "--images", "other.npz")
    assert "the images in other.npz are 5 x 7 x 1, the input of model.tflite is " in message


def test_files_of_another_kind(refused: Callable[..., str]) -> None:
    Path("model.keras").write_bytes(b"PK\x03\x04 as every .keras file begins")
    for command in ("compile", "verify", "bench", "inspect", "plan", "fits"):
        message = refused(command, "model.keras")
        assert message.startswith("error: model.keras: not a .tflite file: found ")
        assert message.endswith(
            "\na Keras model is quantised first: convlet quantize MODEL.keras --data SAMPLES.npy\n"
        )
    cli.main(["-q", "compile", "model.tflite"])
    assert "found a .cvl file\nit is compiled already" in refused("verify", "model.cvl")
    message = refused("run", "model.tflite", "photos/cat/1.png")
    assert message.startswith("error: model.tflite: not a .cvl file: found a .tflite file\n")
    assert message.endswith("\ncompile it first: convlet compile MODEL.tflite\n")


def test_one_class_only(photos: Path, refused: Callable[..., str]) -> None:
    (photos / "dog").rename("dog")
    assert re.search(r"one class.*cat|cat.*one class", refused("train", "--data", "photos"))


def test_labels_that_do_not_match(refused: Callable[..., str]) -> None:
    message = refused("compile", "model.tflite", "--labels", "cat,dog")
    assert "2 labels, but the model has 10 classes" in message
    np.savez("data.npz", images=np.zeros((9, 20, 20, 1), np.float32), labels=np.zeros(8, np.int64))
    assert re.search("9 .*8|8 .*9", refused("train", "--data", "data.npz"))


def test_labels_for_each_step_and_labels_that_are_missing(refused: Callable[..., str]) -> None:
    steps = {"images": np.zeros((9, 5, 6), np.float32), "labels": np.zeros((9, 5), np.int64)}
    np.savez("steps.npz", **steps)
    assert "for each step" in refused("evaluate", "steps.npz", "--port", "nowhere")
    np.savez("few.npz", images=steps["images"], labels=np.zeros(8, np.int64))
    assert "9 images and labels of shape (8,)" in refused("evaluate", "few.npz", "--port", "nowhere")


def test_nan_in_data(refused: Callable[..., str]) -> None:
    images = np.zeros((20, 20, 20, 1), np.float32)
    images[3, 4, 5] = np.nan
    np.savez("data.npz", images=images, labels=np.arange(20) % 2)
    assert re.search("NaN|finite", refused("train", "--data", "data.npz"))
    Path("model.keras").write_bytes(b"PK\x03\x04 as every .keras file begins")
    assert re.search("NaN|finite", refused("quantize", "model.keras", "--data", "data.npz"))


def test_a_model_too_deep_for_the_format(refused: Callable[..., str]) -> None:
    deep = Net(8, 8, 1).pools(MOST_OPERATORS + 1)
    Path("deep.tflite").write_bytes(deep)
    expected = "error: deep.tflite: the model has 1,001 operators, expected at most 1,000\n"
    assert refused("compile", "deep.tflite") == expected


def test_more_outputs_than_the_format_counts(refused: Callable[..., str]) -> None:
    net = Net(8, 8, 1)
    Path("wide.tflite").write_bytes(net.builder.build([net.input], [net.pool(net.input) for _ in range(256)]))
    assert "256 outputs, expected at most 255" in refused("compile", "wide.tflite")


def test_no_permission_to_write(refused: Callable[..., str]) -> None:
    """/proc takes no files, not even of root."""
    for arguments in (
        ("train", "digits", "--out"),
        ("compile", "model.tflite", "-o"),
        ("export-c", "model.tflite", "-o"),
    ):
        message = refused(*arguments, "/proc/convlet/out")
        assert "/proc/convlet" in message and re.search("cannot|No such file|not permitted", message), message
