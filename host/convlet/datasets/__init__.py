"""Data sets, split into train, validation and test. Those that come from archives: see `archives.py`."""

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
    """One part of a data set.

    images: float32[N, H, W, C] in [0, 1], or sequences float32[N, steps, C]; labels: index of the class, int64[N], or
    int64[N, steps] where each step of a sequence has one.
    """

    images: Images
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """Samples of some classes: `train` to learn from, `validation` to watch, `test` to measure once.

    `note` says what a user would not expect of these data; empty when there is nothing to say.
    """

    class_names: tuple[str, ...]
    train: Part
    validation: Part
    test: Part
    note: str = ""


def split(images: Images, labels: Labels, class_names: tuple[str, ...], note: str = "") -> Dataset:
    """A data set of `images` in random order: 60 % train, 20 % validation, 20 % test."""
    halve = import_sklearn("sklearn.model_selection").train_test_split
    train_images, rest_images, train_labels, rest_labels = halve(
        images, labels, test_size=0.4, random_state=SPLIT_SEED
    )
    validation_images, test_images, validation_labels, test_labels = halve(
        rest_images, rest_labels, test_size=0.5, random_state=SPLIT_SEED
    )
    return Dataset(
        class_names,
        train=Part(train_images, train_labels),
        validation=Part(validation_images, validation_labels),
        test=Part(test_images, test_labels),
        note=note,
    )


def import_sklearn(module: str) -> Any:
    """The `module` of scikit-learn, or of SciPy that comes with it. Raises ToolError when they are not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ToolError(
            f"this data set needs scikit-learn, which is not installed ({error}); "
            "install it: pip install 'convlet[train]'"
        ) from error
