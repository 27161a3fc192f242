"""Float `.tflite` files in LiteRT: their tensors, and files that are none."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from convlet.errors import ConvletError, ModelError, ToolError
from convlet.evaluate import run_float
from convlet.float_model import FloatModel

if TYPE_CHECKING:
    from conftest import Digits


@pytest.fixture
def data(digits: Digits) -> bytes:
    return (digits.folder / "digits.float.tflite").read_bytes()


def test_outputs_are_those_of_tensorflows_reference(data: bytes, digits: Digits) -> None:
    found = FloatModel(data).outputs(digits.images[:20])
    np.testing.assert_allclose(found, run_float(data, digits.images[:20]), rtol=1e-5, atol=1e-5)


def test_tensors_between_the_layers_are_there(data: bytes, digits: Digits) -> None:
    model = FloatModel(data)
    values = model.run(digits.images[0])
    assert [values[name].shape for name in model.computed] == [
        (1, 8, 8, 1),
        (1, 6, 6, 8),
        (1, 3, 3, 8),
        (1, 72),
        (1, 10),
    ]
    convolved, pooled = (values[name][0] for name in model.computed[1:3])
    np.testing.assert_array_equal(pooled[0, 0], convolved[:2, :2].max(axis=(0, 1)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "model.tflite: not a .tflite file: found an empty file"),
        (b"\x20\0\0\0TFL3" + bytes(40), "model.tflite cannot be run by LiteRT: "),
    ],
)
def test_what_is_no_tflite_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ModelError, match=re.escape(message)):
        FloatModel(content, "model.tflite")


def test_an_int8_model_is_refused(digits: Digits) -> None:
    expected = "model.tflite has inputs of int8, expected one of float32: a float .tflite"
    with pytest.raises(ModelError, match=re.escape(expected)):
        FloatModel(digits.tflite.read_bytes(), "model.tflite")


def test_samples_of_another_shape_are_refused(data: bytes) -> None:
    expected = "the representative data has shape [N, 9, 8, 1], the model's input has [N, 8, 8, 1]"
    with pytest.raises(ConvletError, match=re.escape(expected)):
        FloatModel(data).check_samples(np.zeros((3, 9, 8, 1), np.float32))


def test_without_litert_and_tensorflow_the_error_says_what_to_install(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    monkeypatch.setitem(sys.modules, "tensorflow.lite.python.interpreter", None)
    with pytest.raises(ToolError, match=re.escape("pip install 'convlet[quantizer]'")):
        FloatModel(data)


@pytest.mark.filterwarnings("ignore::UserWarning")  # TensorFlow's interpreter will move, it says
def test_tensorflows_interpreter_does_as_well(
    data: bytes, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = FloatModel(data).outputs(digits.images[:3])
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    np.testing.assert_allclose(FloatModel(data).outputs(digits.images[:3]), expected, rtol=1e-5)
