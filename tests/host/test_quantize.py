"""`convlet quantize`: models and data of the user's own, and what is said of those that do not fit."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from convlet import converter, quantize
from convlet.array_files import load_samples
from convlet.cli import convlet as command_line
from convlet.datasets.digits import load_digits
from convlet.errors import ConvletError, ModelError, ToolError
from convlet.tensorflow_import import import_tensorflow

if TYPE_CHECKING:
    from conftest import Digits

# TensorFlow's own, of its converter and interpreter.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")

SAMPLES = np.linspace(0, 1, 20 * 64, dtype=np.float32).reshape(20, 8, 8, 1)


@pytest.fixture(scope="module")
def tf() -> Any:
    return import_tensorflow()


@pytest.fixture
def keras(tf: Any) -> Any:
    return tf.keras


def saved(model: Any, folder: Path) -> Path:
    path = folder / "model.keras"
    model.save(path)
    return path


def convert(tf: Any, keras_path: Path, samples: np.ndarray, folder: Path) -> bytes:
    """What the converter's process does, in this one: it need not load TensorFlow for every test."""
    np.save(folder / converter.SAMPLES, samples)
    converter.run_job(tf, keras_path, folder, ["int8"])
    return (folder / converter.RESULTS["int8"]).read_bytes()


def test_quantising_the_trained_model_gives_the_bytes_that_training_gave(
    digits: Digits, tmp_path: Path
) -> None:
    np.savez(tmp_path / "train.npz", images=load_digits().train.images, labels=load_digits().train.labels)
    output = tmp_path / "again.tflite"
    keras_path, data = digits.folder / "digits.keras", tmp_path / "train.npz"
    done = CliRunner().invoke(
        command_line,
        ["quantize", str(keras_path), "--data", str(data), "-o", str(output)],
        catch_exceptions=False,
    )
    assert done.exit_code == 0
    assert output.read_bytes() == digits.tflite.read_bytes()
    assert f"{len(output.read_bytes()):,} bytes" in done.stdout


def test_free_sizes_and_batch_are_taken_from_the_data(tf: Any, keras: Any, tmp_path: Path) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((None, None, 1)), layers.Conv2D(2, 3), layers.GlobalMaxPooling2D(), layers.Dense(3)]
    )
    data = convert(tf, saved(model, tmp_path), SAMPLES, tmp_path)
    interpreter = tf.lite.Interpreter(model_content=data)
    assert interpreter.get_input_details()[0]["shape"].tolist() == [1, 8, 8, 1]
    assert interpreter.get_output_details()[0]["shape"].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("shape", "found"), [((20, 8, 8), "[N, 8, 8]"), ((20, 8, 9, 1), "[N, 8, 9, 1]"), ((20, 64), "[N, 64]")]
)
def test_data_of_another_shape_is_refused(
    tf: Any, digits: Digits, tmp_path: Path, shape: tuple[int, ...], found: str
) -> None:
    expected = f"the representative data has shape {found}, the model's input has [N, 8, 8, 1]"
    with pytest.raises(ConvletError, match=re.escape(expected)):
        convert(tf, digits.folder / "digits.keras", np.zeros(shape, np.float32), tmp_path)


def test_a_model_with_two_inputs_is_refused(tf: Any, keras: Any, tmp_path: Path) -> None:
    first, second = keras.Input((4,)), keras.Input((4,))
    path = saved(keras.Model([first, second], keras.layers.Add()([first, second])), tmp_path)
    with pytest.raises(ModelError, match=r"model\.keras has 2 inputs, expected a model with one"):
        convert(tf, path, np.zeros((2, 4), np.float32), tmp_path)


def test_a_file_that_is_no_keras_model_is_refused(tf: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(b"not a zip file")
    with pytest.raises(ModelError, match=r"model\.keras is not a Keras model that can be loaded: "):
        convert(tf, path, SAMPLES, tmp_path)


def test_an_operator_left_in_float_is_named_and_no_file_written(keras: Any, tmp_path: Path) -> None:
    layers = keras.layers
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3, activation="elu")])
    with pytest.raises(ModelError, match=r"TensorFlow leaves ELU of .*model\.keras in float"):
        quantize.quantize(saved(model, tmp_path), SAMPLES, tmp_path / "model.tflite")
    assert not (tmp_path / "model.tflite").exists()


def test_a_crash_of_the_converter_is_an_error_and_no_crash(keras: Any, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((8, 4)), keras.layers.GRU(4)])
    with pytest.raises(ModelError, match=r"converter crashed \(SIG[A-Z]+\) on .*model\.keras"):
        quantize.quantize(saved(model, tmp_path), np.ones((5, 8, 4), np.float32), tmp_path / "model.tflite")
    assert not (tmp_path / "model.tflite").exists()


def test_an_error_in_the_converters_process_keeps_its_type_and_words(digits: Digits, tmp_path: Path) -> None:
    with pytest.raises(
        ConvletError, match=re.escape("has shape [N, 9, 9, 1], the model's input has [N, 8")
    ) as caught:
        quantize.quantize(
            digits.folder / "digits.keras", np.ones((2, 9, 9, 1), np.float32), tmp_path / "m.tflite"
        )
    assert type(caught.value) is ConvletError


def test_the_converters_process_ends_when_it_is_not_needed() -> None:
    with quantize.Converter() as unused:
        process = unused._process
    assert process.returncode == -signal.SIGKILL


def test_a_missing_model_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConvletError, match=r"cannot read a Keras model .*absent\.keras: No such file"):
        quantize.quantize(tmp_path / "absent.keras", SAMPLES, tmp_path / "model.tflite")


def test_without_tensorflow_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    (tmp_path / "model.keras").write_bytes(b"any")
    with pytest.raises(ToolError, match=re.escape("pip install 'convlet[train]'")):
        quantize.quantize(tmp_path / "model.keras", SAMPLES, tmp_path / "model.tflite")
    with pytest.raises(ToolError, match=re.escape("pip install 'convlet[train]'")):
        import_tensorflow()


def test_samples_are_read_from_npy_and_npz(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", (SAMPLES * 255).astype(np.uint8))
    np.savez(tmp_path / "b.npz", anything=SAMPLES)
    np.savez(tmp_path / "c.npz", labels=np.arange(20), images=SAMPLES)
    pixels = load_samples(tmp_path / "a.npy")
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, (SAMPLES * 255).astype(np.uint8))
    np.testing.assert_array_equal(load_samples(tmp_path / "b.npz"), SAMPLES)
    np.testing.assert_array_equal(load_samples(tmp_path / "c.npz"), SAMPLES)


def save_values(path: Path, values: Any) -> None:
    np.save(path, values, allow_pickle=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [[1.0, np.nan], [np.inf, 0.0]],
            "holds 2 values that are NaN or infinite, the first at index (0, 1); "
            "quantisation needs finite numbers",
        ),
        ([["a", "b"]], "holds <U1 values, expected numbers"),
        (np.zeros((0, 8, 8, 1)), "has shape [0, 8, 8, 1], expected [N, ...input shape] with N > 0"),
        (np.zeros(5), "has shape [5], expected [N, ...input shape] with N > 0"),
        (np.array([[1e39]]), "holds 1 values that are NaN or infinite"),
    ],
)
def test_data_that_are_no_finite_numbers_are_refused(tmp_path: Path, values: Any, message: str) -> None:
    path = tmp_path / "data.npy"
    save_values(path, values)
    with pytest.raises(ConvletError, match=re.escape(f"{path} {message}")):
        load_samples(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 damaged", b"text"])
def test_a_file_that_is_no_array_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(
        ConvletError, match=r"data\.npz: found .*, expected an \.npy file or an \.npz file of numbers"
    ):
        load_samples(path)


def test_python_objects_are_no_numbers(tmp_path: Path) -> None:
    np.save(tmp_path / "data.npy", np.array([[{}]]), allow_pickle=True)
    with pytest.raises(
        ConvletError, match=r"found an \.npy file that is damaged, or holds Python objects, expected "
    ):
        load_samples(tmp_path / "data.npy")


def test_an_npz_with_several_arrays_must_name_the_images(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x=SAMPLES, y=np.arange(20))
    with pytest.raises(
        ConvletError, match=re.escape('holds 2 arrays (x, y), expected one, or one named "images"')
    ):
        load_samples(tmp_path / "data.npz")


def test_missing_data_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConvletError, match=r"cannot read representative data .*absent\.npy: No such file"):
        load_samples(tmp_path / "absent.npy")
    assert list(tmp_path.iterdir()) == []
