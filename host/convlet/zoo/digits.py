"""The smallest: one convolution for digits of 8x8 pixels. 810 parameters, 3,312 multiplications."""

from __future__ import annotations

from typing import Any

from convlet.datasets.digits import load_digits
from convlet.recipe import Recipe

SHAPE = (8, 8, 1)


def build(tf: Any, shape: tuple[int, ...] = SHAPE, classes: int = 10) -> Any:
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input(shape, name="image"),
            layers.Conv2D(8, 3, activation="relu", name="conv2d"),
            layers.MaxPooling2D(name="max_pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(classes, name="logits"),
        ],
        name="digits",
    )


RECIPE = Recipe(
    name="digits",
    summary="one convolution, 8x8 digits",
    input_shape=SHAPE,
    load_data=load_digits,
    build=build,
    epochs=50,
    batch_size=16,
    anneals=False,
)
