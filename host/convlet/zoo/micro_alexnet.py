"""A micro AlexNet (Krizhevsky et al., 2012): pools that overlap, convolutions in two groups, dropout."""

from __future__ import annotations

from typing import Any

from convlet.datasets.mnist import SHAPE, load_mnist
from convlet.recipe import Recipe


def build(tf: Any, shape: tuple[int, ...] = SHAPE, classes: int = 10) -> Any:
    layers = tf.keras.layers

    def convolution(filters: int, kernel: int, stride: int = 1, groups: int = 1) -> Any:
        return layers.Conv2D(
            filters, kernel, strides=stride, padding="same", groups=groups, activation="relu"
        )

    def pool() -> Any:
        return layers.MaxPooling2D(3, strides=2, padding="same")

    return tf.keras.Sequential(
        [
            tf.keras.Input(shape),
            convolution(16, 5, stride=2),
            pool(),
            convolution(24, 5, groups=2),
            pool(),
            convolution(32, 3),
            convolution(32, 3, groups=2),
            convolution(24, 3, groups=2),
            pool(),
            layers.Flatten(),
            layers.Dropout(0.1),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.1),
            layers.Dense(classes),
        ],
        name="micro_alexnet",
    )


RECIPE = Recipe(
    name="micro_alexnet",
    summary="overlapping max pools and convolutions in groups, 28x28 digits",
    input_shape=SHAPE,
    load_data=load_mnist,
    build=build,
    epochs=15,
    batch_size=32,
    learning_rate=0.002,
    shift=0.08,
)
