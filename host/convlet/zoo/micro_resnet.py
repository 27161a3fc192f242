"""A micro ResNet (He et al., "Deep residual learning for image recognition", 2015): what blocks add to their inputs."""

from __future__ import annotations

from typing import Any

from convlet.datasets.mnist import SHAPE, load_mnist
from convlet.recipe import Recipe


def build(tf: Any, shape: tuple[int, ...] = SHAPE, classes: int = 10) -> Any:
    layers = tf.keras.layers

    def convolution(x: Any, filters: int, kernel: int, stride: int = 1) -> Any:
        x = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    def block(x: Any, filters: int, stride: int = 1) -> Any:
        """Two 3x3 convolutions added to the input, which a 1x1 convolution brings to another size."""
        skip = x if stride == 1 else convolution(x, filters, 1, stride)
        x = layers.ReLU()(convolution(x, filters, 3, stride))
        return layers.ReLU()(layers.Add()([convolution(x, filters, 3), skip]))

    image = tf.keras.Input(shape)
    x = layers.ReLU()(convolution(image, 8, 3))
    x = block(x, 8)
    x = block(x, 16, stride=2)
    x = block(x, 32, stride=2)
    x = layers.GlobalAveragePooling2D()(x)
    return tf.keras.Model(image, layers.Dense(classes)(x), name="micro_resnet")


RECIPE = Recipe(
    name="micro_resnet",
    summary="residual blocks, 28x28 digits",
    input_shape=SHAPE,
    load_data=load_mnist,
    build=build,
    epochs=12,
    batch_size=32,
    learning_rate=0.003,
    shift=0.08,
)
