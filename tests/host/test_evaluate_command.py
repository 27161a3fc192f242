"""`convlet evaluate` on this computer; test_serial_classify.py has it with boards."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from chain import Chain, stream_chain
from convlet import cli
from convlet.compile import compile_tflite
from convlet.engine import Model
from convlet.evaluate import confusion_matrix
from convlet.quantization import quantize
from several_ports import several_ports

CLASSES = 4


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Thirty images and labels in data.npz, and a model of them."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    data = {"images": rng.random((30, 6, 6, 1), np.float32), "labels": rng.integers(0, CLASSES, 30)}
    np.savez("data.npz", **data)
    tflite = Chain((6, 6, 1)).conv(4).reshape(64).dense(CLASSES).build()
    Path("model.cvl").write_bytes(compile_tflite(tflite, labels=["cat", "dog", "[red]", "3"]).cvl)
    return data


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stop:
        cli.main(["evaluate", "data.npz", *arguments])
    assert stop.value.code == 1
    return capsys.readouterr().err


def test_figures_here(samples: dict[str, np.ndarray], capsys: pytest.CaptureFixture[str]) -> None:
    model = Model("model.cvl")
    images = quantize(samples["images"], model.input_scale, model.input_zero_point)
    scores = np.array([np.array(model.run(image)) for image in images])
    right = int((scores.argmax(axis=1) == samples["labels"]).sum())
    assert 0 < right < 30
    arguments = ["evaluate", "data.npz", "--model", "model.cvl", "--against", "model.cvl"]
    cli.main([*arguments, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["images"], found["right"], found["differ"], found["repeated"]) == (30, right, 0, 0)
    assert found["scores"] == scores.tolist()
    assert found["confusion"] == confusion_matrix(scores, samples["labels"], CLASSES).tolist()
    assert len(found["microseconds"]) == 30
    cli.main(["-q", *arguments])
    cli.main(arguments)
    text = capsys.readouterr().out
    assert f"{right} of 30 right ({right / 30:.1%}); one inference " in text
    assert "0 of 30 differ from model.cvl" in text and "sent again" not in text
    rows = [line.split() for line in text.splitlines()]
    wanted = [[str(count or ".") for count in row] for row in found["confusion"]]
    names = [["0", "cat"], ["1", "dog"], ["2", "[red]"], ["3"]]
    assert all([*name, *counts] in rows for name, counts in zip(names, wanted, strict=True))


def test_another_model_differs(samples: dict[str, np.ndarray], capsys: pytest.CaptureFixture[str]) -> None:
    other = Chain((6, 6, 1), seed=5).conv(4).reshape(64).dense(CLASSES).build()
    Path("other.cvl").write_bytes(compile_tflite(other).cvl)
    message = refused(capsys, "--model", "model.cvl", "--against", "other.cvl")
    assert "model.cvl does not give the scores of other.cvl" in message


def test_models_that_do_not_suit_the_data(
    samples: dict[str, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    chains = {
        "large": Chain((8, 8, 1)).conv(4).reshape(144).dense(CLASSES).build(),
        "few": Chain((6, 6, 1)).conv(4).reshape(64).dense(2).build(),
        "several": several_ports(),
    }
    for name, tflite in chains.items():
        Path(f"{name}.cvl").write_bytes(compile_tflite(tflite).cvl)
    stream = compile_tflite(stream_chain(8).build(), stream=True)
    Path("stream.cvl").write_bytes(stream.cvl)
    assert "the images are 6 x 6 x 1, the input of large.cvl is 8 x 8 x 1" in refused(
        capsys, "--model", "large.cvl"
    )
    assert "data.npz has labels up to 3, the model gives 2 scores" in refused(capsys, "--model", "few.cvl")
    assert "holds images, labels, expected an .npz file with `images` and `images_2` and" in refused(
        capsys, "--model", "several.cvl"
    )
    assert "stream.cvl" in refused(capsys, "--model", "stream.cvl")


def test_labels_that_are_no_classes(
    samples: dict[str, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez("data.npz", images=samples["images"], labels=samples["labels"].astype(np.float32))
    assert "the labels in data.npz are float32" in refused(capsys, "--model", "model.cvl")


def test_several_inputs(samples: dict[str, np.ndarray], capsys: pytest.CaptureFixture[str]) -> None:
    Path("several.cvl").write_bytes(compile_tflite(several_ports()).cvl)
    model, rng = Model("several.cvl"), np.random.default_rng(3)
    inputs = [rng.uniform(-70, 70, (9, *shape)).astype(np.float32) for shape in model.input_shapes]
    labels = np.array([np.array(model.run(*sample)).argmax() for sample in zip(*inputs, strict=True)])
    np.savez("data.npz", images=inputs[0], images_2=inputs[1], images_3=inputs[2], labels=labels)
    cli.main(["evaluate", "data.npz", "--model", "several.cvl", "--against", "several.cvl", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["right"], found["differ"]) == (9, 0)
    np.savez("data.npz", images=inputs[0], images_2=inputs[1], images_3=inputs[2][1:], labels=labels)
    assert "holds 8 images_3 and labels of shape (9,), expected one for each" in refused(
        capsys, "--model", "several.cvl"
    )
