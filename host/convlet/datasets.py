"""Data sets that need no download: images in [0, 1] with labels, split into train, validation and test."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convlet.errors import ToolError

Images = NDArray[np.float32]
Labels = NDArray[np.int64]

# The split is the same for every training seed, so that accuracies compare.
SPLIT_SEED = 1337


@dataclass(frozen=True)
class Part:
    """One part of a data set. images: float32[N, H, W, C] in [0, 1]; labels: int64[N], index of the class."""

    images: Images
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """Images of some classes: `train` to learn from, `validation` to watch, `test` to measure once."""

    class_names: tuple[str, ...]
    train: Part
    validation: Part
    test: Part


def load_digits() -> Dataset:
    """scikit-learn's 1,797 handwritten digits of 8x8 pixels: 60 % train, 20 % validation, 20 % test."""
    sklearn_datasets = _import_sklearn("sklearn.datasets")
    digits = sklearn_datasets.load_digits()
    images = (digits.images / 16).astype(np.float32)[..., np.newaxis]
    class_names = tuple(str(name) for name in digits.target_names)
    return _split(images, digits.target.astype(np.int64), class_names)


def _split(images: Images, labels: Labels, class_names: tuple[str, ...]) -> Dataset:
    split = _import_sklearn("sklearn.model_selection").train_test_split
    train_images, rest_images, train_labels, rest_labels = split(
        images, labels, test_size=0.4, random_state=SPLIT_SEED
    )
    validation_images, test_images, validation_labels, test_labels = split(
        rest_images, rest_labels, test_size=0.5, random_state=SPLIT_SEED
    )
    return Dataset(
        class_names,
        train=Part(train_images, train_labels),
        validation=Part(validation_images, validation_labels),
        test=Part(test_images, test_labels),
    )


def _import_sklearn(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ToolError(
            f"this data set comes with scikit-learn, which is not installed ({error}); "
            "install it: pip install 'convlet[train]'"
        ) from error
