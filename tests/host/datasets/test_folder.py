"""Data of the user's own: what is read, how it is split, and what is said of what cannot be used."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from convlet.datasets.folder import Samples, is_series, read_samples, split_by_class
from convlet.errors import ConvletError
from PIL import Image

SHAPE = (8, 6, 1)


def picture(path: Path, value: int = 100, mode: str = "L") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = (value,) * len(mode) if len(mode) > 1 else value
    Image.new(mode, (12, 16), colour).save(path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four grey cats, three red dogs."""
    for i in range(4):
        picture(tmp_path / "photos" / "cat" / f"{i}.png", 10 * i)
    for i in range(3):
        path = tmp_path / "photos" / "dog" / f"{i}.JPG"
        picture(path)
        Image.new("RGB", (5, 5), (255, 0, 0)).save(path)
    return tmp_path / "photos"


@pytest.fixture
def gestures(tmp_path: Path) -> Path:
    """Series of 20 steps of 3 values: an .npy and a .csv file of each class."""
    folder = tmp_path / "gestures"
    for index, name in enumerate(("shake", "still")):
        (folder / name).mkdir(parents=True)
        np.save(folder / name / "a.npy", np.full((20, 3), index))
        rows = "".join(f"{step},{index},0.5\n" for step in range(20))
        (folder / name / "b.csv").write_text("x,y,z\n" + rows)
    return folder


def refused(path: Path, *words: str, shape: tuple[int, ...] = SHAPE) -> None:
    with pytest.raises(ConvletError) as error:
        split_by_class(read_samples(path, shape), seed=1)
    text = str(error.value)
    assert all(word in text for word in words), text
    assert "\n" not in text


def test_pictures_are_scaled_and_labelled_by_their_folders(photos: Path) -> None:
    (photos / "cat" / "notes.txt").write_text("ignored")
    (photos / ".cache").mkdir()
    samples = read_samples(photos, SHAPE)
    assert samples.class_names == ("cat", "dog") and samples.pixels and not is_series(photos)
    assert samples.images.shape == (7, 8, 6, 1) and samples.images.dtype == np.float32
    np.testing.assert_array_equal(samples.labels, [0, 0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(samples.images[3], np.full(SHAPE, np.float32(30) / np.float32(255)))
    red = read_samples(photos, (8, 6, 3)).images[4, 0, 0]
    assert red[0] > 0.95 and red[1:].max() < 0.05


def test_arrays_of_bytes_are_pictures(tmp_path: Path) -> None:
    for name, pixels in (
        ("day", np.full((16, 12), 255)),
        ("night", np.zeros((16, 12, 1))),
        ("red", np.zeros((4, 4, 3))),
    ):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "sample_1.npy", pixels.astype(np.uint8))
    samples = read_samples(tmp_path, SHAPE)
    assert not is_series(tmp_path) and samples.pixels and samples.class_names == ("day", "night", "red")
    assert [float(image.max()) for image in samples.images] == [1, 0, 0]
    np.save(tmp_path / "red" / "sample_1.npy", np.zeros((4, 4, 2), np.uint8))
    refused(tmp_path, "1 of 3 files cannot be used: cannot read the picture")


def test_series_keep_their_values(gestures: Path) -> None:
    samples = read_samples(gestures, (100, 6))
    assert is_series(gestures) and not samples.pixels
    assert samples.images.shape == (4, 20, 3)
    np.testing.assert_array_equal(samples.images[3, 19], [19, 1, 0.5])
    np.testing.assert_array_equal(samples.images[2], np.ones((20, 3)))


def test_arrays_with_names_for_labels(tmp_path: Path) -> None:
    images = np.full((6, 4, 4), 255, np.uint8)
    np.savez(tmp_path / "d.npz", images=images, labels=np.array(["b", "a", "b", "a", "b", "a"]))
    samples = read_samples(tmp_path / "d.npz", SHAPE)
    assert samples.class_names == ("a", "b") and samples.pixels
    np.testing.assert_array_equal(samples.labels, [1, 0, 1, 0, 1, 0])
    np.testing.assert_array_equal(samples.images, np.ones((6, 4, 4, 1), np.float32))
    assert not is_series(tmp_path / "d.npz")


def test_the_split_keeps_the_share_of_every_class_and_follows_the_seed() -> None:
    labels = np.array([0] * 50 + [1] * 10 + [2] * 3)
    samples = Samples(np.arange(63, dtype=np.float32).reshape(63, 1, 1), labels, ("a", "b", "c"), False)
    first, again, other = split_by_class(samples, 1), split_by_class(samples, 1), split_by_class(samples, 2)
    parts = first.train, first.validation, first.test
    assert [np.bincount(part.labels).tolist() for part in parts] == [[30, 6, 1], [10, 2, 1], [10, 2, 1]]
    everything = np.concatenate([part.images.ravel() for part in parts])
    np.testing.assert_array_equal(np.sort(everything), np.arange(63))
    np.testing.assert_array_equal(first.train.images, again.train.images)
    assert not np.array_equal(first.test.images, other.test.images)
    # Whatever the order, a sample keeps its label.
    assert all(
        labels[int(part.images[i, 0, 0])] == part.labels[i] for part in parts for i in range(len(part))
    )


def test_an_uneven_data_set_is_noted(photos: Path) -> None:
    assert read_samples(photos, SHAPE).note == ""
    for i in range(4, 15):
        picture(photos / "cat" / f"{i}.png")
    assert "cat has 15 samples and dog 3" in read_samples(photos, SHAPE).note


def test_no_data(tmp_path: Path) -> None:
    refused(tmp_path / "no", "there is no data")


def test_pictures_that_lie_in_no_class_folder(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    refused(tmp_path, "has no folders and 1 pictures", "a folder for each class")


def test_folders_without_anything_to_train_on(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    refused(tmp_path, "hold nothing to train on", ".png", ".csv")


def test_one_class_only(photos: Path) -> None:
    for path in (photos / "dog").iterdir():
        path.unlink()
    refused(photos, "the class folder", "dog has no pictures")
    (photos / "dog").rmdir()
    refused(photos, "one class (cat), expected at least two")


def test_too_few_of_a_class(photos: Path) -> None:
    (photos / "dog" / "0.JPG").unlink()
    refused(photos, "the class dog has 2 samples, expected at least 3")


def test_corrupt_pictures_are_counted_and_named(photos: Path) -> None:
    whole = (photos / "cat" / "0.png").read_bytes()
    (photos / "cat" / "0.png").write_bytes(whole[: len(whole) // 2])
    (photos / "cat" / "1.png").write_bytes(b"")
    (photos / "dog" / "0.JPG").write_text("no picture")
    refused(photos, "3 of 7 files cannot be used: cannot read the picture", "0.png", "repair or remove them")
    for i in range(3):
        (photos / "cat" / f"{i}.png").write_bytes(b"")
    refused(photos, "4 of 7 files", "and 1 more; repair or remove them")


def test_both_kinds(photos: Path) -> None:
    np.save(photos / "cat" / "a.npy", np.zeros((3, 2)))
    refused(photos, "has pictures (", "and series (", "expected one kind")


def test_nan_in_a_series(gestures: Path) -> None:
    values = np.zeros((20, 3))
    values[4, 1] = np.nan
    np.save(gestures / "still" / "a.npy", values)
    refused(gestures, "a.npy has 1 values that are NaN or infinite, the first at [4, 1]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2,3\n4,five,6\n", "line 2 of "),
        ("1,2,3\n4,5\n", "have 2 to 3 values"),
        ("", "expected steps x values"),
        ("1,2,nan\n", "NaN"),
    ],
)
def test_bad_csv(gestures: Path, text: str, expected: str) -> None:
    (gestures / "still" / "b.csv").write_text(text)
    refused(gestures, "1 of 4 files cannot be used", expected)


def test_series_of_different_lengths(gestures: Path) -> None:
    np.save(gestures / "still" / "c.npy", np.zeros((19, 3)))
    refused(gestures, "c.npy has shape 19 x 3", "has 20 x 3", "in all series")


def test_files_that_only_look_like_arrays(gestures: Path) -> None:
    (gestures / "still" / "a.npy").write_bytes(b"\x93NUMPY")
    refused(gestures, "a.npy: found an .npy file that is damaged")
    np.save(gestures / "still" / "a.npy", np.array(["a"]))
    refused(gestures, "a.npy holds <U1 values, expected numbers")


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        (
            {"images": np.zeros((4, 3, 2))},
            "it holds images, expected an .npz file with `images` and `labels`",
        ),
        ({"images": np.zeros((4, 3, 2)), "labels": np.zeros(3, int)}, "4 images and labels of shape 3"),
        (
            {"images": np.zeros((4, 3, 2)), "labels": np.zeros((4, 3), int)},
            "4 images and labels of shape 4 x 3",
        ),
        ({"images": np.zeros((4, 3, 2)), "labels": np.zeros(4)}, "labels in .* are float64"),
        ({"images": np.zeros((4, 3)), "labels": np.zeros(4, int)}, "expected numbers, samples x height"),
        (
            {"images": np.full((4, 3, 2), np.inf), "labels": np.arange(4)},
            "24 values that are NaN or infinite",
        ),
    ],
)
def test_bad_npz(tmp_path: Path, arrays: dict[str, np.ndarray], expected: str) -> None:
    np.savez(tmp_path / "d.npz", **arrays)
    with pytest.raises(ConvletError, match=re.compile(expected)):
        read_samples(tmp_path / "d.npz", SHAPE)
    (tmp_path / "d.npz").write_bytes(b"PK\x03\x04 and no more")
    refused(tmp_path / "d.npz", "found a ZIP file, expected an .npz file with `images` and `labels`")
