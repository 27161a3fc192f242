"""A micro MobileNetV3 (Howard et al., 2019): depthwise convolutions, hard-swish, squeeze and excite."""

from __future__ import annotations

from typing import Any

from convlet.datasets.mnist import SHAPE, load_mnist
from convlet.recipe import Recipe


def build(tf: Any, shape: tuple[int, ...] = SHAPE, classes: int = 10) -> Any:
    layers = tf.keras.layers

    def hard_swish(x: Any) -> Any:
        return layers.Activation("hard_silu")(x)

    def pointwise(x: Any, filters: int) -> Any:
        return layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(x))

    def depthwise(x: Any, kernel: int, stride: int) -> Any:
        x = layers.DepthwiseConv2D(kernel, strides=stride, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    def squeeze_excite(x: Any) -> Any:
        """Each channel times a factor that follows from the means of all channels."""
        channels = x.shape[-1]
        factors = layers.GlobalAveragePooling2D(keepdims=True)(x)
        factors = layers.Conv2D(channels // 4, 1, activation="relu")(factors)
        factors = layers.Conv2D(channels, 1, activation="sigmoid")(factors)
        return layers.Multiply()([x, factors])

    def bottleneck(x: Any, expanded: int, filters: int, kernel: int, stride: int = 1) -> Any:
        skip = x
        x = hard_swish(pointwise(x, expanded))
        x = squeeze_excite(hard_swish(depthwise(x, kernel, stride)))
        x = pointwise(x, filters)
        return layers.Add()([x, skip]) if skip.shape == x.shape else x

    image = tf.keras.Input(shape)
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(image)
    x = hard_swish(layers.BatchNormalization()(x))
    x = bottleneck(x, 16, 8, 3)
    x = bottleneck(x, 32, 16, 5, stride=2)
    x = bottleneck(x, 48, 16, 5)
    x = hard_swish(pointwise(x, 48))
    x = layers.GlobalAveragePooling2D()(x)
    return tf.keras.Model(image, layers.Dense(classes)(x), name="micro_mobilenet")


RECIPE = Recipe(
    name="micro_mobilenet",
    summary="depthwise convolutions, hard-swish, squeeze and excite, 28x28 digits",
    input_shape=SHAPE,
    load_data=load_mnist,
    build=build,
    epochs=18,
    batch_size=32,
    learning_rate=0.003,
    shift=0.08,
)
