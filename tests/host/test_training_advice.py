"""What is said of a training that went wrong, and that nothing is said of one that went well."""

from __future__ import annotations

from typing import Any

import pytest
from convlet.evaluate import Quantization
from convlet.figures import Curves
from convlet.train import Metrics
from convlet.training_advice import advice_of
from convlet.training_record import TrainingRecord


def advice(float_score: float, int8_score: float, train: float, validation: float) -> list[str]:
    """Of a training on three classes, with 10, 30 and 10 test samples."""
    scores = {"keras_score": float_score, "float_tflite_score": float_score, "int8_tflite_score": int8_score}
    sizes = {"keras_bytes": 1, "float_tflite_bytes": 1, "int8_tflite_bytes": 1}
    port = Quantization(1.0, 0)
    about: dict[str, Any] = {
        "epochs": 1,
        "seed": 1,
        "parameters": 1,
        "test_images": 50,
        "measure": "Accuracy",
    }
    metrics = Metrics(**about, **scores, **sizes, int8_interpreter="TFLM", input=port, output=port)
    return advice_of(
        metrics,
        TrainingRecord((), Curves([1.0], [1.0], [train], [validation]), {"test": [10, 30, 10]}, ""),
    )


def test_nothing_is_said_of_a_good_one() -> None:
    assert advice(0.95, 0.94, 0.99, 0.95) == []


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ((0.7, 0.7, 0.7, 0.7), "hardly learnt: always saying the same class is right for 60%"),
        ((0.8, 0.8, 1.0, 0.8), "right for 100% of what it has learnt from and for 80% of the rest"),
        ((0.95, 0.85, 0.95, 0.95), "int8 is right for 85.0%, float for 95.0%"),
    ],
)
def test_what_went_wrong_is_said(scores: tuple[float, float, float, float], words: str) -> None:
    [sentence] = advice(*scores)
    assert words in sentence


def test_one_sample_that_int8_gets_wrong_is_no_matter() -> None:
    assert advice(0.96, 0.94, 0.96, 0.96) == []
