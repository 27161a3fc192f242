"""Pictures from files, of the size and with the channels that a model takes: the same for training and for running."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from convlet.errors import ConvletError

_MODES = {1: "L", 3: "RGB"}  # Pillow's names


def read_picture(path: Path, height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """The picture at `path`, uint8[height, width, channels]: scaled, and made grey for one channel.

    Raises ConvletError when it cannot be read, or for other channels than 1 or 3.
    """
    if channels not in _MODES:
        raise ConvletError(
            f"a picture has 1 or 3 channels, the model's input has {channels}: use a .npy file"
        )
    try:
        with Image.open(path) as picture:
            scaled = picture.convert(_MODES[channels]).resize((width, height))
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ConvletError(f"cannot read the picture {path}: {error}") from error
    return np.asarray(scaled, np.uint8).reshape(height, width, channels)
