"""The zoo's models with weights that nobody trained: converted here, in one process, in a few seconds each.

Tests ask the fixture `untrained_tflite` for them, which does it once.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from convlet import converter
from convlet.tensorflow_import import import_tensorflow
from convlet.zoo import find_recipe


def convert_untrained(name: str) -> bytes:
    """The int8 `.tflite` of the zoo's model `name`, with random weights and ranges for inputs from 0 to 1."""
    tf = import_tensorflow()
    tf.keras.utils.set_random_seed(1)
    model = find_recipe(name).build(tf)
    rng = np.random.default_rng(1)
    # Biases, and what batch normalisation keeps, begin as 0 and 1: other values are the harder test.
    model.set_weights([weights + rng.uniform(0, 0.1, weights.shape) for weights in model.get_weights()])
    samples = rng.random((20, *model.input_shape[1:]), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        np.save(Path(folder) / converter.SAMPLES, samples)
        converter.run_job(tf, path, Path(folder), ["int8"])
        return (Path(folder) / converter.RESULTS["int8"]).read_bytes()
