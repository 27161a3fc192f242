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
    which is left to the loss, does not change which class is best, and costs time on the board.

    Adam's learning rate begins at `learning_rate`; with `anneals` it falls to 0 as half a wave of a cosine. `shift`: by
    up to which share of their size the images are moved at random while the model learns.
    """

    name: str
    summary: str
    load_data: Callable[[], Dataset]
    build: Callable[[Any], Any]
    epochs: int
    batch_size: int
    task: Task = CLASSIFICATION
    learning_rate: float = 0.001
    anneals: bool = True
    shift: float = 0.0
