"""What the training leaves for the report: layers, curves, and how many samples of each class there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from convlet.datasets import Dataset, Part
from convlet.datasets.digits import load_digits
from convlet.errors import ConvletError
from convlet.tensorflow_import import import_tensorflow
from convlet.training_record import Layer, class_counts, layers_of, read_record
from convlet.zoo import find_recipe

if TYPE_CHECKING:
    from conftest import Digits


def test_the_record_of_the_trained_model(digits: Digits) -> None:
    record = read_record(digits.folder / "digits.training.json")
    assert record.layers == (
        Layer("image", "InputLayer", (8, 8, 1), 0, "", ()),
        Layer("conv2d", "Conv2D", (6, 6, 8), 80, "3x3, relu", ("image",)),
        Layer("max_pool", "MaxPooling2D", (3, 3, 8), 0, "2x2", ("conv2d",)),
        Layer("flatten", "Flatten", (72,), 0, "", ("max_pool",)),
        Layer("logits", "Dense", (10,), 730, "", ("flatten",)),
    )
    assert len(record.curves.train_loss) == len(record.curves.validation_score) == 50
    assert record.curves.train_loss[-1] < record.curves.train_loss[0]
    data = load_digits()
    assert record.class_counts["test"] == np.bincount(digits.labels, minlength=10).tolist()
    assert sum(record.class_counts["train"]) == len(data.train)
    assert (record.note, record.warm_up) == ("", 0)


def test_the_summary_counts_the_models_parameters_and_no_others(digits: Digits) -> None:
    summary = (digits.folder / "digits.summary.txt").read_text()
    assert "conv2d (Conv2D)" in summary
    assert "Total params: 810 " in summary
    assert "Optimizer" not in summary


def test_layers_side_by_side_name_those_that_they_read() -> None:
    tf: Any = import_tensorflow()
    layers = layers_of(find_recipe("micro_resnet").build(tf))
    by_name = {layer.name: layer for layer in layers}
    additions = [layer for layer in layers if layer.kind == "Add"]
    assert additions
    for addition in additions:
        shapes = {by_name[name].shape for name in addition.inputs}
        assert len(addition.inputs) == 2
        assert shapes == {addition.shape}
    assert sum(layer.parameters for layer in layers) == find_recipe("micro_resnet").build(tf).count_params()


def test_settings_tell_convolutions_apart() -> None:
    tf: Any = import_tensorflow()
    layers = layers_of(find_recipe("motion_conv1d").build(tf))
    assert [layer.settings for layer in layers if layer.kind == "Conv1D"] == [
        "3, causal, relu",
        "3, dilation 2, causal, relu",
        "3, dilation 4, causal, relu",
        "3, dilation 8, causal, relu",
        "1",
    ]


def test_a_series_counts_for_its_last_step() -> None:
    part = Part(np.zeros((2, 3, 1), np.float32), np.array([[0, 0, 1], [2, 2, 2]]))
    counts = class_counts(Dataset(("a", "b", "c"), part, part, part))
    assert counts == {"train": [0, 1, 1], "validation": [0, 1, 1], "test": [0, 1, 1]}


@pytest.mark.parametrize("content", ["", "[]", "7", "{}", json.dumps({"layers": [{"name": "x"}]})])
def test_what_is_no_record_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "x.training.json"
    path.write_text(content)
    with pytest.raises(ConvletError, match=re.escape(f"{path} is no record of a training: ")):
        read_record(path)
