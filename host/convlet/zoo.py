"""The models that `convlet train NAME` knows: for each its data set, its layers and how long to train."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convlet.datasets import Dataset, load_digits
from convlet.errors import ConvletError


@dataclass(frozen=True)
class Recipe:
    """How one model of the zoo is made. `build(tf)` returns the Keras model, which ends in logits.

    Softmax is left to the loss: it does not change which class is best, and costs time on the board.
    """

    name: str
    load_data: Callable[[], Dataset]
    build: Callable[[Any], Any]
    epochs: int
    batch_size: int


def build_digits(tf: Any) -> Any:
    """One convolution for 8x8 digits: 810 parameters, 3,312 multiplications."""
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input((8, 8, 1), name="image"),
            layers.Conv2D(8, 3, activation="relu", name="conv2d"),
            layers.MaxPooling2D(name="max_pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(10, name="logits"),
        ],
        name="digits",
    )


RECIPES = {
    recipe.name: recipe for recipe in (Recipe("digits", load_digits, build_digits, epochs=50, batch_size=16),)
}


def find_recipe(name: str) -> Recipe:
    """The recipe called `name`. Raises ConvletError listing the known names when there is none."""
    if name not in RECIPES:
        raise ConvletError(f"there is no model {name!r} in the zoo; it has: {', '.join(RECIPES)}")
    return RECIPES[name]
