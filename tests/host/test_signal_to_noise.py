"""int8 against float, layer by layer: the ratios by another formula, and the advice for faults that are put in."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from convlet import converter, signal_to_noise
from convlet.edge_quantizer import EdgeQuantizer
from convlet.errors import ModelError
from convlet.float_model import FloatModel
from convlet.quantization import dequantize
from convlet.signal_to_noise import LEAST_DB, LayerNoise, measure_noise, warnings_of
from convlet.tensorflow_import import import_tensorflow
from convlet.tflite_reader import read_tflite
from convlet.verify import Oracle

if TYPE_CHECKING:
    from conftest import Digits


def layers_of(digits: Digits, count: int = 30) -> list[LayerNoise]:
    float_tflite = (digits.folder / "digits.float.tflite").read_bytes()
    return measure_noise(float_tflite, digits.tflite.read_bytes(), digits.images[:count])


def test_every_layer_of_the_trained_model_is_there_and_none_is_noisy(digits: Digits) -> None:
    layers = layers_of(digits)
    assert [(layer.position, layer.kind, layer.shape) for layer in layers] == [
        (-1, "INPUT", (8, 8, 1)),
        (0, "CONV_2D", (6, 6, 8)),
        (1, "MAX_POOL_2D", (3, 3, 8)),
        (2, "RESHAPE", (1, 1, 72)),
        (3, "FULLY_CONNECTED", (1, 1, 10)),
    ]
    assert all(40 < layer.own_db < 70 for layer in layers)
    assert all(layer.snr_db <= layer.own_db + 1 for layer in layers)
    assert warnings_of(layers) == []


def test_the_outputs_ratio_is_that_of_tflm_against_float(digits: Digits) -> None:
    oracle, graph = Oracle(digits.tflite.read_bytes()), read_tflite(digits.tflite.read_bytes())
    real = FloatModel((digits.folder / "digits.float.tflite").read_bytes()).outputs(digits.images[:30])
    source, output = graph.inputs[0], graph.outputs[0]
    stored = [
        np.clip(np.round(image / source.tensor_scale) + source.zero_point, -128, 127)
        for image in digits.images[:30]
    ]
    made = np.array(
        [dequantize(oracle.run([each]), float(output.tensor_scale), output.zero_point) for each in stored]
    )
    expected = np.mean(10 * np.log10(np.square(real).sum(axis=1) / np.square(real - made).sum(axis=1)))
    assert layers_of(digits)[-1].snr_db == pytest.approx(expected, abs=0.01)


def test_what_is_exact_has_no_noise(digits: Digits) -> None:
    zeros = np.zeros((2, 8, 8, 1), np.float32)
    float_tflite = (digits.folder / "digits.float.tflite").read_bytes()
    layers = measure_noise(float_tflite, digits.tflite.read_bytes(), zeros)
    assert layers[0].snr_db == math.inf


def test_a_range_that_is_too_small_is_found(digits: Digits) -> None:
    float_tflite = (digits.folder / "digits.float.tflite").read_bytes()
    # Ranges from images of a tenth of the contrast.
    small = EdgeQuantizer(float_tflite, digits.images[:30] / 10, "digits").quantize("min-max")
    layers = measure_noise(float_tflite, small, digits.images[:30])
    assert layers[0].is_noisy
    assert "of its values lie outside its range" in layers[0].advice
    assert warnings_of(layers)[0].startswith(f"the input has {layers[0].own_db:.1f} dB alone, expected 20: ")


def test_a_range_that_an_outlier_widens_is_found_and_mse_helps(digits: Digits) -> None:
    float_tflite = (digits.folder / "digits.float.tflite").read_bytes()
    samples = digits.images.copy()
    samples[0, 4, 4, 0] = 100.0
    wide = EdgeQuantizer(float_tflite, samples, "digits").quantize("min-max")
    before = measure_noise(float_tflite, wide, digits.images[:30])
    assert before[0].is_noisy
    assert measure_noise(float_tflite, wide, samples[:30])[0].is_noisy  # the outlier does not hide it
    assert "which few large ones widen: try --calibration percentile or mse" in before[0].advice
    narrow = EdgeQuantizer(float_tflite, samples, "digits").quantize("percentile")
    after = measure_noise(float_tflite, narrow, digits.images[:30])
    assert not after[0].is_noisy
    assert after[-1].snr_db > before[-1].snr_db + 6


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # TensorFlow's own
def test_one_scale_for_uneven_channels_is_found(tmp_path: Path) -> None:
    tf: Any = import_tensorflow()
    layers = tf.keras.layers
    model = tf.keras.Sequential([tf.keras.Input((4, 4, 3)), layers.Conv2D(4, 3, use_bias=False)])
    rng = np.random.default_rng(5)
    weights = rng.normal(size=(3, 3, 3, 4)) * np.array([100.0, 1.0, 1.0, 0.004])
    model.set_weights([weights.astype(np.float32)])
    samples = rng.random((10, 4, 4, 3), np.float32)
    function = converter.for_one_sample(tf, model, (4, 4, 3))
    converted = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converted.optimizations = [tf.lite.Optimize.DEFAULT]
    converted.representative_dataset = lambda: ([sample[np.newaxis]] for sample in samples)
    converted.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converted.inference_input_type = converted.inference_output_type = tf.int8
    converted._experimental_disable_per_channel = True
    graph = read_tflite(bytes(converted.convert()))
    assert signal_to_noise._median_steps(graph.operators[0]) < 4


def test_files_of_different_models_are_refused(digits: Digits, tmp_path: Path) -> None:
    tf: Any = import_tensorflow()
    model = tf.keras.Sequential([tf.keras.Input((5, 5, 1)), tf.keras.layers.Flatten()])
    other = converter.convert_float(tf, converter.for_one_sample(tf, model, (5, 5, 1)))
    expected = "the float model is not what the int8 model was made from"
    with pytest.raises(ModelError, match=re.escape(expected)):
        measure_noise(other, digits.tflite.read_bytes(), np.zeros((1, 5, 5, 1), np.float32))


def test_the_stated_amount_is_a_tenth_of_the_amplitude() -> None:
    assert pytest.approx(0.1) == 10 ** (-LEAST_DB / 20)
