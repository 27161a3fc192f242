"""A micro Inception (Szegedy et al., "Going deeper with convolutions", 2014): branches joined by concatenation."""

from __future__ import annotations

from typing import Any

from convlet.datasets.mnist import SHAPE, load_mnist
from convlet.recipe import Recipe


def build(tf: Any, shape: tuple[int, ...] = SHAPE, classes: int = 10) -> Any:
    layers = tf.keras.layers

    def convolution(x: Any, filters: int, kernel: int, stride: int = 1) -> Any:
        x = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization()(x))

    def module(x: Any, narrow: int, wide: int) -> Any:
        """1x1, 3x3 and 5x5 convolutions and a pool side by side; 1x1 convolutions make their inputs narrow."""
        branches = [
            convolution(x, wide, 1),
            convolution(convolution(x, narrow, 1), wide, 3),
            convolution(convolution(x, narrow, 1), wide // 2, 5),
            convolution(layers.MaxPooling2D(3, strides=1, padding="same")(x), wide // 2, 1),
        ]
        return layers.Concatenate()(branches)

    image = tf.keras.Input(shape)
    x = convolution(image, 8, 3, stride=2)
    x = module(x, 6, 12)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = module(x, 8, 16)
    x = module(x, 8, 16)
    x = layers.GlobalAveragePooling2D()(x)
    return tf.keras.Model(image, layers.Dense(classes)(x), name="micro_inception")


RECIPE = Recipe(
    name="micro_inception",
    summary="branches of convolutions that are concatenated, 28x28 digits",
    input_shape=SHAPE,
    load_data=load_mnist,
    build=build,
    epochs=15,
    batch_size=32,
    learning_rate=0.006,
    shift=0.08,
)
