"""An autoencoder: digits squeezed into 49 numbers, and drawn again from those by upsampling and convolutions.

How badly it draws an image says how unlike the digits that is: the use of such models is to find what is unusual.
"""

from __future__ import annotations

from typing import Any

from convlet.datasets.mnist import SHAPE, SIDE, load_mnist
from convlet.recipe import Recipe
from convlet.tasks import RECONSTRUCTION


def build(tf: Any) -> Any:
    layers = tf.keras.layers

    def convolution(filters: int, stride: int = 1, activation: str | None = "relu") -> Any:
        return layers.Conv2D(filters, 3, strides=stride, padding="same", activation=activation)

    return tf.keras.Sequential(
        [
            tf.keras.Input(SHAPE),
            convolution(8, stride=2),
            convolution(16, stride=2),
            convolution(1, activation=None),
            convolution(16),
            layers.UpSampling2D(interpolation="bilinear"),
            convolution(8),
            # Keras' UpSampling2D without interpolation becomes a TILE, which TFLM's Python package lacks.
            layers.Resizing(SIDE, SIDE, interpolation="nearest"),
            convolution(1, activation=None),
        ],
        name="autoencoder",
    )


RECIPE = Recipe(
    name="autoencoder",
    summary="draws 28x28 digits again from 49 numbers, by upsampling",
    load_data=load_mnist,
    build=build,
    epochs=20,
    batch_size=32,
    task=RECONSTRUCTION,
    learning_rate=0.003,
)
