"""The data sets: the article's split of scikit-learn's digits."""

import numpy as np
from convlet.datasets import Part
from convlet.datasets.digits import load_digits
from sklearn.datasets import load_digits as sklearn_digits


def test_digits_are_split_as_in_the_article() -> None:
    data = load_digits()
    assert [len(part) for part in (data.train, data.validation, data.test)] == [1078, 359, 360]
    assert data.class_names == tuple("0123456789")
    for part in (data.train, data.validation, data.test):
        assert part.images.shape == (len(part), 8, 8, 1)
        assert part.images.dtype == np.float32
        assert part.labels.dtype == np.int64


def test_every_digit_is_in_exactly_one_part_with_its_label() -> None:
    source = sklearn_digits()
    data = load_digits()

    def rows(part: Part) -> list[bytes]:
        pixels = (part.images * 16).astype(np.uint8).reshape(len(part), 64)
        return [bytes([label, *row]) for row, label in zip(pixels, part.labels, strict=True)]

    expected = [
        bytes([label, *row]) for row, label in zip(source.data.astype(int), source.target, strict=True)
    ]
    found = [*rows(data.train), *rows(data.validation), *rows(data.test)]
    assert sorted(found) == sorted(expected)


def test_the_split_is_the_same_in_every_call() -> None:
    first, second = load_digits(), load_digits()
    np.testing.assert_array_equal(first.test.images, second.test.images)
    # The first test images of the split with seed 1337: a change of it would make accuracies incomparable.
    assert first.test.labels[:12].tolist() == [1, 6, 8, 3, 7, 8, 0, 8, 7, 2, 2, 1]
