"""scikit-learn's handwritten digits, 8x8 pixels: they need no download."""

from __future__ import annotations

import numpy as np

from convlet.datasets import Dataset, Images, Labels, import_sklearn, split

CLASS_NAMES = tuple("0123456789")


def load_digits() -> Dataset:
    """1,797 digits, images float32[N, 8, 8, 1]."""
    return split(*read_digits(), CLASS_NAMES)


def read_digits() -> tuple[Images, Labels]:
    """All images, float32[1797, 8, 8, 1], and labels in scikit-learn's order. Raises ToolError without scikit-learn."""
    digits = import_sklearn("sklearn.datasets").load_digits()
    return (digits.images / 16).astype(np.float32)[..., np.newaxis], digits.target.astype(np.int64)
