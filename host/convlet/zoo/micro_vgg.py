"""A micro VGG (Simonyan and Zisserman, 2014): pairs of 3x3 convolutions, twice as many filters after each pool."""

from __future__ import annotations

from typing import Any

from convlet.datasets.mnist import SHAPE, load_mnist
from convlet.recipe import Recipe


def build(tf: Any, shape: tuple[int, ...] = SHAPE, classes: int = 10) -> Any:
    layers = tf.keras.layers

    def stage(filters: int) -> list[Any]:
        pair = [layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(2)]
        return [*pair, layers.MaxPooling2D()]

    return tf.keras.Sequential(
        [
            tf.keras.Input(shape),
            *stage(8),
            *stage(16),
            *stage(32),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(32, activation="relu"),
            layers.Dense(classes),
        ],
        name="micro_vgg",
    )


RECIPE = Recipe(
    name="micro_vgg",
    summary="pairs of 3x3 convolutions between max pools, 28x28 digits",
    input_shape=SHAPE,
    load_data=load_mnist,
    build=build,
    epochs=12,
    batch_size=32,
    shift=0.08,
)
