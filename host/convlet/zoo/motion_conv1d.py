"""What somebody does, told from a smart watch's accelerometer and gyroscope: causal convolutions over time.

It has an answer at every step, which depends on that step and the 30 before it, three seconds, and on none that come
later: so it can run as the sensor's values arrive. A mean over the sequence would have to wait for its end.
"""

from __future__ import annotations

from typing import Any

from convlet.datasets.basic_motions import load_basic_motions
from convlet.recipe import Recipe
from convlet.tasks import StepClassification

SHAPE = (100, 6)  # steps, sensors
WINDOW = 30  # steps before its own that an answer depends on: twice the sum of the dilations


def build(tf: Any, shape: tuple[int, ...] = SHAPE, classes: int = 4) -> Any:
    layers = tf.keras.layers

    def convolution(filters: int, kernel: int, dilation: int) -> Any:
        return layers.Conv1D(filters, kernel, padding="causal", dilation_rate=dilation, activation="relu")

    return tf.keras.Sequential(
        [
            tf.keras.Input(shape),
            convolution(16, 3, 1),
            convolution(16, 3, 2),
            convolution(16, 3, 4),
            convolution(16, 3, 8),
            layers.Dropout(0.2),
            layers.Conv1D(classes, 1),
        ],
        name="motion_conv1d",
    )


RECIPE = Recipe(
    name="motion_conv1d",
    summary="causal convolutions over time, a watch's accelerometer and gyroscope",
    input_shape=SHAPE,
    load_data=load_basic_motions,
    build=build,
    epochs=200,
    batch_size=10,
    task=StepClassification(warm_up=WINDOW),
)
