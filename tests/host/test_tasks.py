"""What the zoo's models are for: targets, scores, and the pictures of them."""

from __future__ import annotations

from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from convlet.datasets import Dataset, Part
from convlet.tasks import CLASSIFICATION, RECONSTRUCTION, StepClassification

ONE_HOT = np.eye(3, dtype=np.float32)


def dataset(part: Part) -> Dataset:
    return Dataset(("a", "b", "c"), part, part, part)


def test_a_classifier_is_scored_by_its_largest_value() -> None:
    part = Part(np.zeros((4, 2, 2, 1), np.float32), np.array([0, 1, 2, 2]))
    outputs = ONE_HOT[[0, 1, 2, 0]]
    assert CLASSIFICATION.score(outputs, part) == 0.75
    assert CLASSIFICATION.text(0.75) == "75.0%"
    assert CLASSIFICATION.targets(part) is part.labels
    assert CLASSIFICATION.labels(dataset(part)) == ("a", "b", "c")


def test_the_first_steps_do_not_count() -> None:
    part = Part(np.zeros((2, 4, 6), np.float32), np.array([[0] * 4, [1] * 4]))
    # Wrong in both first steps of both sequences, and in one of the other four.
    outputs = ONE_HOT[[[2, 2, 0, 0], [2, 2, 1, 2]]]
    task = StepClassification(warm_up=2)
    assert task.score(outputs, part) == 0.75
    assert task.confusion(outputs, dataset(part)).tolist() == [[2, 0, 0], [0, 1, 1], [0, 0, 0]]


def test_a_reconstruction_is_scored_in_decibels() -> None:
    part = Part(np.full((3, 4, 4, 1), 0.5, np.float32), np.zeros(3, np.int64))
    outputs = part.images + np.float32(0.1)
    assert RECONSTRUCTION.score(outputs, part) == pytest.approx(20, abs=1e-4)
    assert RECONSTRUCTION.text(20) == "20.00 dB"
    assert RECONSTRUCTION.targets(part) is part.images
    assert RECONSTRUCTION.labels(dataset(part)) == ()


def test_the_curves_of_a_reconstruction_are_its_error_in_decibels() -> None:
    curves = RECONSTRUCTION.curves({"loss": [0.1, 0.01], "val_loss": [0.1, 0.001]})
    assert curves.train_score == pytest.approx([10, 20])
    assert curves.validation_score == pytest.approx([10, 30])
    assert curves.measure == "PSNR, dB"


def test_the_picture_has_images_above_and_outputs_below(tmp_path: Path) -> None:
    images = np.ones((3, 8, 8, 1), np.float32)
    part = Part(images, np.zeros(3, np.int64))
    RECONSTRUCTION.draw(images * 0, dataset(part), tmp_path / "r.png", "model")
    picture = matplotlib.image.imread(tmp_path / "r.png")[:, :, 0]
    height, width = picture.shape
    assert (picture[int(height * 0.4), width // 2], picture[int(height * 0.75), width // 2]) == (1, 0)
