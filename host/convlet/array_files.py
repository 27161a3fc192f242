"""Arrays of numbers from .npy and .npz files. Each error says what was found in the place of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convlet.errors import ConvletError
from convlet.file_kinds import NPY, NPZ, kind_at
from convlet.quantize import check_values

# The names under which an `.npz` holds samples and the class of each: what `convlet train` writes.
IMAGES, LABELS = "images", "labels"


def load_array(path: Path, what: str) -> NDArray[Any]:
    """The array in an `.npy` file; `what` says what it is to the user. Raises ConvletError.

    >>> load_array(Path("seven.npy"), "the image").shape
    (8, 8, 1)
    """
    found = _load(path, what, f"{NPY} of numbers")
    if isinstance(found, Mapping):
        raise ConvletError(f"cannot read {what} {path}: found {NPZ}, expected {NPY} of numbers")
    return found


def load_arrays(path: Path, what: str, names: tuple[str, ...]) -> tuple[NDArray[Any], ...]:
    """The arrays called `names` in an `.npz` file. Raises ConvletError.

    >>> images, labels = load_arrays(Path("digits.test.npz"), "the samples", ("images", "labels"))
    >>> images.shape
    (360, 8, 8, 1)
    """
    expected = f"{NPZ} with {' and '.join(f'`{name}`' for name in names)}"
    found = _load(path, what, expected)
    if not isinstance(found, Mapping):
        raise ConvletError(f"cannot read {what} {path}: found {NPY}, expected {expected}")
    if not set(names) <= found.keys():
        raise ConvletError(f"cannot read {what} {path}: it holds {', '.join(found)}, expected {expected}")
    return tuple(found[name] for name in names)


def load_samples(path: Path) -> NDArray[np.float32]:
    """Representative inputs from an `.npy` file, or an `.npz` that holds one array or one named "images".

    Raises ConvletError when the file cannot be read, or does not hold finite numbers.
    """
    found = _load(path, "representative data", f"{NPY} or {NPZ} of numbers")
    return check_values(_pick(found, path) if isinstance(found, Mapping) else found, str(path))


def load_labelled(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """`images` and `labels` (the class of each) of an `.npz`, as `convlet train` writes it. Raises ConvletError."""
    images, labels = load_arrays(path, "the samples", (IMAGES, LABELS))
    values = check_values(images, str(path))
    if labels.dtype.kind not in "iu" or labels.shape != values.shape[:1]:
        found = f"{labels.dtype} of shape {list(labels.shape)}"
        raise ConvletError(
            f"{path} holds {len(values)} images and `labels` that are {found}, expected a whole number for each image"
        )
    return values, labels.astype(np.int64)


def _pick(arrays: Mapping[str, NDArray[Any]], path: Path) -> NDArray[Any]:
    if len(arrays) != 1 and IMAGES not in arrays:
        raise ConvletError(
            f'{path} holds {len(arrays)} arrays ({", ".join(arrays)}), expected one, or one named "{IMAGES}"'
        )
    return arrays[IMAGES] if IMAGES in arrays else next(iter(arrays.values()))


def _load(path: Path, what: str, expected: str) -> NDArray[Any] | Mapping[str, NDArray[Any]]:
    try:
        kind = kind_at(path)
    except OSError as error:
        raise ConvletError(f"cannot read {what} {path}: {error.strerror}") from error
    if kind not in (NPY, NPZ):
        raise ConvletError(f"cannot read {what} {path}: found {kind}, expected {expected}")
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except Exception as error:  # of a damaged file numpy raises whatever
        found = f"{kind} that is damaged, or holds Python objects"
        raise ConvletError(f"cannot read {what} {path}: found {found}, expected {expected}") from error
