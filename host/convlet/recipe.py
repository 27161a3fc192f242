"""How a model of the zoo is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convlet.datasets import Dataset
from convlet.tasks import CLASSIFICATION, Task


@dataclass(frozen=True)
class Recipe:
    """How one model of the zoo is made: `name` is that of its file in `convlet/zoo`.

    `summary` describes it in a line. `build(tf)` returns the Keras model; a classifier ends in logits, since softmax,
    which is left to the loss, does not change which class is best, and costs time on the board. For other data than its
    own, a classifier's takes a `shape` of images as well, its own is `input_shape`, and the number of `classes`.

    Adam's learning rate begins at `learning_rate`; with `anneals` it falls to 0 as half a wave of a cosine. While the
    model learns, its inputs are changed at random: `shift` is up to which share of their size images are moved, `flip`
    mirrors left and right, `rotate` turns by up to that share of a full turn, `zoom` changes the size by up to that
    share, `noise` is the standard deviation of what is added to every value. `pixels`: the int8 input has room for all
    values from 0 to 1, whichever are in the data, so that a byte of a picture is a quantised value.
    """

    name: str
    summary: str
    load_data: Callable[[], Dataset]
    build: Callable[..., Any]
    epochs: int
    batch_size: int
    task: Task = CLASSIFICATION
    learning_rate: float = 0.001
    anneals: bool = True
    shift: float = 0.0
    flip: bool = False
    rotate: float = 0.0
    zoom: float = 0.0
    noise: float = 0.0
    input_shape: tuple[int, ...] = ()
    pixels: bool = False
