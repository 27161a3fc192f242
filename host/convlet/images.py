"""Images from files, as buffers that a model takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convlet.array_files import load_array
from convlet.engine import Model
from convlet.errors import ConvletError
from convlet.pictures import read_picture

_TYPES = {"float32": np.float32, "float64": np.float32, "int8": np.int8, "uint8": np.uint8}


def load_image(path: Path, model: Model) -> np.ndarray:
    """The image at `path` in the shape of the model's input.

    A `.npy` file keeps its values: float (real values), uint8 (pixels) or int8 (quantised). Any other file is a
    picture: it is scaled to the input's size, made grey for one channel, and its pixels are uint8. So is a frame of
    pixels of another size, as `convlet capture` writes it.

    Raises ConvletError when it cannot be read or has another number of values.

    >>> model = Model("digits.cvl")
    >>> load_image(Path("seven.png"), model).dtype.name, load_image(Path("seven.npy"), model).dtype.name
    ('uint8', 'float32')
    """
    image = _load_array(path) if path.suffix.lower() == ".npy" else read_picture(path, *model.input_shape)
    if image.size != np.prod(model.input_shape) and _is_frame(image):
        image = read_picture(path, *model.input_shape)
    if image.size != np.prod(model.input_shape):
        raise ConvletError(
            f"{path} has {image.size} values, the model's input has {' x '.join(map(str, model.input_shape))}"
        )
    return image


def _is_frame(array: np.ndarray) -> bool:
    """Whether it has the pixels of a picture, uint8[height, width], perhaps with 1 or 3 channels behind."""
    return array.dtype == np.uint8 and (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3)))


def _load_array(path: Path) -> np.ndarray:
    array = load_array(path, "the array")
    if array.dtype.name not in _TYPES:
        raise ConvletError(f"{path} holds {array.dtype.name}, expected one of {', '.join(_TYPES)}")
    return array.astype(_TYPES[array.dtype.name])
