"""Pictures from files, of the size and with the channels that a model takes: the same for training and for running."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from convlet.array_files import load_array
from convlet.errors import ConvletError
from convlet.file_kinds import NPY, kind_at

_MODES = {1: "L", 3: "RGB"}  # Pillow's names


def read_picture(path: Path, height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """The picture at `path`, uint8[height, width, channels]: scaled, and made grey for one channel.

    An .npy file holds pixels, uint8[height, width], or with 1 or 3 channels behind.
    Raises ConvletError when it cannot be read, or for other channels than 1 or 3.
    """
    if channels not in _MODES:
        raise ConvletError(
            f"a picture has 1 or 3 channels, the model's input has {channels}: use a .npy file"
        )
    try:
        with _open_array(path) if path.suffix.lower() == ".npy" else Image.open(path) as picture:
            scaled = picture.convert(_MODES[channels]).resize((width, height))
    except ConvletError:
        raise
    except Exception as error:  # of a damaged picture Pillow raises whatever
        raise ConvletError(f"cannot read the picture {path}: {_reason(error, path)}") from error
    return np.asarray(scaled, np.uint8).reshape(height, width, channels)


def _reason(error: Exception, path: Path) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"found {kind_at(path)}"
    return getattr(error, "strerror", None) or str(error)


def holds_pixels(path: Path) -> bool:
    """Whether an .npy file has values of the type of pixels."""
    try:
        return kind_at(path) == NPY and np.load(path, mmap_mode="r", allow_pickle=False).dtype == np.uint8
    except Exception:  # who reads it says what is wrong
        return False


def _open_array(path: Path) -> Image.Image:
    """Raises ValueError when the array is no picture."""
    pixels = load_array(path, "the picture")
    if pixels.ndim == 2:
        pixels = pixels[..., np.newaxis]
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in _MODES:
        raise ValueError(
            f"it holds {pixels.dtype} of shape {pixels.shape}, expected uint8 with 1 or 3 channels"
        )
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
