"""Data of the user's own: a folder with one folder a class, which hold pictures or series; or an .npz file.

Arrays of bytes in .npy files, as a camera gives them, are pictures; others are series.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convlet.array_files import IMAGES, LABELS, load_array, load_arrays
from convlet.datasets import Dataset, Images, Labels, Part
from convlet.errors import ConvletError
from convlet.files import read_file
from convlet.pictures import holds_pixels, read_picture
from convlet.progress import SILENT, Progress

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".pgm", ".ppm", ".npy")
SERIES = (".csv", ".npy")
_SUFFIXES = tuple(dict.fromkeys(PICTURES + SERIES))
FEWEST = 3  # samples of a class: one for each part
_SHARE = 0.2  # of each class, for validation and for the test each
_UNEVEN = 5  # times more samples of one class than of another are worth a note
_MOST_NAMED = 3  # files in an error


@dataclass(frozen=True)
class Samples:
    """All samples before the split; its arrays as in `datasets.Part`. `pixels`: they were bytes of pictures."""

    images: Images
    labels: Labels
    class_names: tuple[str, ...]
    pixels: bool
    note: str = ""


def is_series(path: Path) -> bool:
    """Whether the data in `path` are series, not pictures. Raises ConvletError when they are neither, or both."""
    if path.is_file():
        return _read_npz(path).images.ndim == 3
    return _kind_of(path, _class_folders(path)) == "series"


def read_samples(path: Path, shape: tuple[int, ...], progress: Progress = SILENT) -> Samples:
    """The samples in a folder or an .npz file.

    Args: `shape` is that of the pictures: height, width and 1 or 3 channels; series and the arrays of an .npz file keep
    the one that they have. Pixels become values from 0 to 1, series keep their values.
    Raises ConvletError, which names the files, when some cannot be read or do not fit together.
    """
    if not path.exists():
        raise ConvletError(f"there is no data {path}")
    if path.is_file():
        return _read_npz(path)
    folders = _class_folders(path)
    kind = _kind_of(path, folders)
    suffixes, read = (SERIES, _read_series) if kind == "series" else (PICTURES, _picture_reader(shape))
    files = {folder.name: _files(folder, suffixes) for folder in folders}
    empty = [name for name, found in files.items() if not found]
    if empty:
        raise ConvletError(f"the class folder {path / empty[0]} has no {kind}: put some there, or remove it")
    images = _read_all([file for found in files.values() for file in found], read, progress)
    labels = np.repeat(np.arange(len(files)), [len(found) for found in files.values()])
    return Samples(images, labels.astype(np.int64), tuple(files), kind == "pictures", _note(files))


def split_by_class(samples: Samples, seed: int) -> Dataset:
    """60 % of each class to train, 20 % for validation and the test each, in random order.

    Raises ConvletError for a single class, or one with too few samples.
    """
    names = samples.class_names
    if len(names) < 2:
        raise ConvletError(
            f"the data have one class ({', '.join(names)}), expected at least two to tell apart"
        )
    rng = np.random.default_rng(seed)
    parts: tuple[list[int], ...] = ([], [], [])
    for index, name in enumerate(names):
        own = rng.permutation(np.flatnonzero(samples.labels == index)).tolist()
        if len(own) < FEWEST:
            raise ConvletError(f"the class {name} has {len(own)} samples, expected at least {FEWEST}")
        held = max(1, round(_SHARE * len(own)))
        for part, chosen in zip(parts, (own[2 * held :], own[:held], own[held : 2 * held]), strict=True):
            part.extend(chosen)
    train, validation, test = (_part(samples, rng.permutation(part)) for part in parts)
    return Dataset(names, train, validation, test, samples.note)


def _part(samples: Samples, order: NDArray[np.int64]) -> Part:
    return Part(samples.images[order], samples.labels[order])


def _class_folders(path: Path) -> list[Path]:
    folders = sorted(each for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))
    if not folders:
        found = len(_files(path, _SUFFIXES))
        raise ConvletError(
            f"{path} has no folders and {found} pictures or series; expected a folder for each class, "
            "whose name is the label"
        )
    return folders


def _files(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    return sorted(
        each for each in folder.iterdir() if each.suffix.lower() in suffixes and not each.name.startswith(".")
    )


def _kind_of(path: Path, folders: Sequence[Path]) -> str:
    """ "pictures" or "series"."""
    files = [file for folder in folders for file in _files(folder, _SUFFIXES)]
    of_pictures = [_is_picture(file) for file in files]
    pictures = next((file for file, is_picture in zip(files, of_pictures, strict=True) if is_picture), None)
    series = next((file for file, is_picture in zip(files, of_pictures, strict=True) if not is_picture), None)
    if pictures and series:
        raise ConvletError(f"{path} has pictures ({pictures}) and series ({series}), expected one kind")
    if not pictures and not series:
        raise ConvletError(
            f"the folders in {path} hold nothing to train on; expected files with one of these suffixes: "
            f"{' '.join(_SUFFIXES)}"
        )
    return "pictures" if pictures else "series"


def _is_picture(file: Path) -> bool:
    suffix = file.suffix.lower()
    return holds_pixels(file) if suffix == ".npy" else suffix in PICTURES


def _read_all(files: Sequence[Path], read: Callable[[Path], Images], progress: Progress) -> Images:
    """All files as one array. Raises ConvletError that counts those that cannot be read, and names the first."""
    images, faults = [], []
    with progress.bar(f"reading {len(files):,} files", len(files)) as advance:
        for file in files:
            try:
                images.append(read(file))
            except ConvletError as error:
                faults.append(str(error))
            advance(1)
    if faults:
        rest = len(faults) - _MOST_NAMED
        more = [f"and {rest} more; repair or remove them"] if rest > 0 else ["repair or remove them"]
        count = f"{len(faults)} of {len(files)} files cannot be used: "
        raise ConvletError(count + "; ".join(faults[:_MOST_NAMED] + more))
    for file, image in zip(files, images, strict=True):
        if image.shape != images[0].shape:
            raise ConvletError(
                f"{file} has shape {_text(image.shape)}, {files[0]} has {_text(images[0].shape)}; "
                "expected the same number of steps and of values a step in all series"
            )
    return np.stack(images)


def _text(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _picture_reader(shape: tuple[int, ...]) -> Callable[[Path], Images]:
    if len(shape) != 3:
        raise ConvletError(f"the model takes inputs of shape {_text(shape)}, the data are pictures")
    height, width, channels = shape
    return lambda path: read_picture(path, height, width, channels).astype(np.float32) / np.float32(255)


def _read_series(path: Path) -> Images:
    """float32[steps, values] from an .npy file, or a .csv file with a step a line, perhaps under a line of names."""
    values = _read_csv(path) if path.suffix.lower() == ".csv" else _read_npy(path)
    if values.ndim == 1:
        values = values[:, np.newaxis]
    if values.ndim != 2 or values.size == 0:
        raise ConvletError(f"{path} has shape {_text(values.shape)}, expected steps x values")
    _check_finite(values, str(path))
    return values


def _read_npy(path: Path) -> Images:
    values = load_array(path, "the series")
    if values.dtype.kind not in "fiub":
        raise ConvletError(f"{path} holds {values.dtype} values, expected numbers")
    return values.astype(np.float32)


def _read_csv(path: Path) -> Images:
    lines = [
        line for line in read_file(path, "the series").decode("utf-8-sig", "replace").splitlines() if line
    ]
    rows: list[list[float]] = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append([float(word) for word in line.replace(";", ",").split(",")])
        except ValueError as error:
            if number > 1:
                raise ConvletError(
                    f"line {number} of {path} has other things than numbers: {error}"
                ) from error
    if len({len(row) for row in rows}) > 1:
        raise ConvletError(f"the lines of {path} have {min(map(len, rows))} to {max(map(len, rows))} values")
    return np.array(rows, np.float32)


def _check_finite(values: NDArray[Any], what: str) -> None:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        where = ", ".join(map(str, bad[0]))
        raise ConvletError(f"{what} has {len(bad)} values that are NaN or infinite, the first at [{where}]")


def _read_npz(path: Path) -> Samples:
    """`images` [N, ...] and `labels` [N], numbers or names; bytes are pixels."""
    images, labels = load_arrays(path, "the data", (IMAGES, LABELS))
    if images.ndim < 3 or images.dtype.kind not in "fiu":
        raise ConvletError(
            f"the images in {path} are {images.dtype}, {_text(images.shape)}; expected numbers, "
            "samples x height x width x channels, or samples x steps x values"
        )
    if labels.shape != images.shape[:1]:
        raise ConvletError(
            f"{path} has {len(images)} images and labels of shape {_text(labels.shape)}, expected one for each"
        )
    if labels.dtype.kind not in "iuU":
        raise ConvletError(f"the labels in {path} are {labels.dtype}, expected whole numbers or names")
    _check_finite(images, f"the array images in {path}")
    if images.dtype == np.uint8 and images.ndim == 3:
        images = images[..., np.newaxis]  # grey pixels
    names, indices = np.unique(labels, return_inverse=True)
    pixels = images.dtype == np.uint8
    values = images.astype(np.float32) / np.float32(255 if pixels else 1)
    return Samples(values, indices.astype(np.int64), tuple(str(name) for name in names), pixels)


def _note(files: dict[str, list[Path]]) -> str:
    most, least = (pick(files, key=lambda name: len(files[name])) for pick in (max, min))
    if len(files[most]) < _UNEVEN * len(files[least]):
        return ""
    return (
        f"{most} has {len(files[most])} samples and {least} {len(files[least])}: the model will rather say {most}; "
        "more of the others would help"
    )
