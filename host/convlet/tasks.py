"""What a model is for: what it learns to give, how well it does so, and the picture that shows it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convlet import evaluate, figures
from convlet.datasets import Dataset, Part


class Task(ABC):
    """`measure` names its score, which is larger for a better model; `picture` the figure that `draw` makes."""

    measure: str
    picture: str

    @abstractmethod
    def labels(self, data: Dataset) -> Sequence[str]:
        """A name for each value that the model gives; none when the values are no classes."""

    @abstractmethod
    def targets(self, part: Part) -> NDArray[Any]:
        """What the model is to give for the images of `part`."""

    @abstractmethod
    def loss(self, tf: Any) -> Any:
        """The Keras loss between the model's outputs and `targets`."""

    @abstractmethod
    def metrics(self) -> list[str]:
        """The Keras metrics to watch during the training."""

    @abstractmethod
    def score(self, outputs: NDArray[Any], part: Part) -> float:
        """How good the real `outputs`, float [N, ...], are for `part`."""

    @abstractmethod
    def text(self, score: float) -> str:
        """`score` with its unit."""

    @abstractmethod
    def curves(self, history: Mapping[str, Sequence[float]]) -> figures.Curves:
        """Keras' training history, as curves to draw."""

    @abstractmethod
    def draw(self, outputs: NDArray[Any], data: Dataset, path: Path, name: str) -> None:
        """Write a PNG of the real `outputs` of the model `name` for the test images to `path`."""


class Classification(Task):
    """The model gives logits [N, ..., classes], or probabilities, and is right where the label has the largest."""

    measure = "Accuracy"
    picture = "confusion"

    def __init__(self, from_logits: bool = True) -> None:
        self.from_logits = from_logits

    def labels(self, data: Dataset) -> Sequence[str]:
        return data.class_names

    def targets(self, part: Part) -> NDArray[Any]:
        return part.labels

    def loss(self, tf: Any) -> Any:
        return tf.keras.losses.SparseCategoricalCrossentropy(from_logits=self.from_logits)

    def metrics(self) -> list[str]:
        return ["accuracy"]

    def score(self, outputs: NDArray[Any], part: Part) -> float:
        return evaluate.accuracy(outputs, part.labels)

    def text(self, score: float) -> str:
        return f"{score:.1%}"

    def curves(self, history: Mapping[str, Sequence[float]]) -> figures.Curves:
        return figures.Curves(
            history["loss"], history["val_loss"], history["accuracy"], history["val_accuracy"]
        )

    def draw(self, outputs: NDArray[Any], data: Dataset, path: Path, name: str) -> None:
        counts = self.confusion(outputs, data)
        figures.draw_confusion(counts, data.class_names, path, f"{name}, int8, on the test split")

    def confusion(self, outputs: NDArray[Any], data: Dataset) -> NDArray[np.int64]:
        """int64[true class, predicted class] of the test images."""
        return evaluate.confusion_matrix(outputs, data.test.labels, len(data.class_names))


class StepClassification(Classification):
    """The model gives logits at every step, [N, steps, classes]; the first `warm_up` steps see too little to count."""

    def __init__(self, warm_up: int, from_logits: bool = True) -> None:
        super().__init__(from_logits)
        self.warm_up = warm_up

    def score(self, outputs: NDArray[Any], part: Part) -> float:
        return evaluate.accuracy(outputs[:, self.warm_up :], part.labels[:, self.warm_up :])

    def confusion(self, outputs: NDArray[Any], data: Dataset) -> NDArray[np.int64]:
        labels = data.test.labels[:, self.warm_up :]
        return evaluate.confusion_matrix(outputs[:, self.warm_up :], labels, len(data.class_names))


class Reconstruction(Task):
    """The model gives its input back, values from 0 to 1. The score is the peak signal-to-noise ratio in dB."""

    measure = "PSNR"
    picture = "reconstructions"

    def labels(self, data: Dataset) -> Sequence[str]:
        return ()

    def targets(self, part: Part) -> NDArray[Any]:
        return part.images

    def loss(self, tf: Any) -> Any:
        return tf.keras.losses.MeanSquaredError()

    def metrics(self) -> list[str]:
        return []

    def score(self, outputs: NDArray[Any], part: Part) -> float:
        return evaluate.psnr(outputs, part.images)

    def text(self, score: float) -> str:
        return f"{score:.2f} dB"

    def curves(self, history: Mapping[str, Sequence[float]]) -> figures.Curves:
        loss, validation = history["loss"], history["val_loss"]
        return figures.Curves(loss, validation, _decibels(loss), _decibels(validation), "PSNR, dB")

    def draw(self, outputs: NDArray[Any], data: Dataset, path: Path, name: str) -> None:
        figures.draw_reconstructions(
            data.test.images, outputs, path, f"{name}, int8: test images above, below what it gives"
        )


def _decibels(squared_errors: Sequence[float]) -> list[float]:
    return [-10 * math.log10(error) for error in squared_errors]


CLASSIFICATION = Classification()
RECONSTRUCTION = Reconstruction()
