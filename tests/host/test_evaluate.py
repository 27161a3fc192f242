"""Accuracy, confusion matrix, and the interpreters that the outputs come from."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import numpy as np
import pytest
from convlet.evaluate import accuracy, confusion_matrix, psnr, run_int8

if TYPE_CHECKING:
    from conftest import Digits

OUTPUTS = np.array([[3, 1, 0], [0, 2, 1], [0, 5, 1], [9, 1, 2]], np.int8)
LABELS = np.array([0, 1, 2, 2])


def test_accuracy_is_the_share_of_right_answers() -> None:
    assert accuracy(OUTPUTS, LABELS) == 0.5


def test_confusion_has_a_row_for_each_true_class() -> None:
    assert confusion_matrix(OUTPUTS, LABELS, 3).tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 0]]


def test_sequences_are_right_step_by_step() -> None:
    outputs, labels = OUTPUTS.reshape(2, 2, 3), LABELS.reshape(2, 2)
    assert accuracy(outputs, labels) == 0.5
    assert confusion_matrix(outputs, labels, 3).tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 0]]


def test_psnr_is_that_of_the_mean_squared_error() -> None:
    images = np.zeros((2, 2, 2, 1), np.float32)
    outputs = images.copy()
    outputs[0, 0, 0, 0] = 0.4  # squared 0.16, over 8 values 0.02
    assert psnr(outputs, images) == pytest.approx(-10 * np.log10(0.02))


def test_both_interpreters_run_an_int8_model(digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    tflite, images = digits.tflite.read_bytes(), digits.images[:50]
    micro = run_int8(tflite, images)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    tensorflow = run_int8(tflite, images)
    assert (micro.interpreter, tensorflow.interpreter) == (
        "tflite-micro",
        "TensorFlow Lite's reference kernels",
    )
    assert (micro.input, micro.output) == (tensorflow.input, tensorflow.output)
    assert micro.outputs.shape == tensorflow.outputs.shape == (50, 10)
    assert micro.outputs.dtype == tensorflow.outputs.dtype == np.int8
    # TensorFlow rounds once where TFLM rounds twice.
    assert np.abs(micro.outputs.astype(int) - tensorflow.outputs).max() <= 1
