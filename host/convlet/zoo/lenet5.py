"""LeNet-5 (LeCun et al., "Gradient-based learning applied to document recognition", 1998), with ReLU for its tanh.

416,520 multiplications. Its 28x28 images are padded to the 32x32 of the article by the first convolution.
"""

from __future__ import annotations

from typing import Any

from convlet.datasets.mnist import SHAPE, load_mnist
from convlet.recipe import Recipe


def build(tf: Any, shape: tuple[int, ...] = SHAPE, classes: int = 10) -> Any:
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input(shape),
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.AveragePooling2D(2),
            layers.Conv2D(16, 5, activation="relu"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(classes),
        ],
        name="lenet5",
    )


RECIPE = Recipe(
    name="lenet5",
    summary="convolutions, average pooling and three dense layers, 28x28 digits",
    input_shape=SHAPE,
    load_data=load_mnist,
    build=build,
    epochs=20,
    batch_size=32,
    shift=0.08,
)
