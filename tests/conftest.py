"""Fixtures that several test folders use."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

# In a shell's background SIGINT is ignored, which the commands that tests interrupt would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Digits:
    """The article's model, trained and compiled, with its test split."""

    folder: Path
    tflite: Path
    cvl: Path
    images: NDArray[np.float32]
    labels: NDArray[np.int64]


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Digits:
    """What `convlet train digits --deterministic` makes, in a folder of this session, and `digits.cvl`."""
    from convlet.compile import compile_file, read_labels

    folder = tmp_path_factory.mktemp("digits")
    shutil.copytree(trained_digits(), folder, dirs_exist_ok=True)
    tflite, cvl = folder / "digits.tflite", folder / "digits.cvl"
    compile_file(tflite, cvl, labels=read_labels(folder / "digits.labels.txt"))
    with np.load(folder / "digits.test.npz") as split:
        return Digits(folder, tflite, cvl, split["images"], split["labels"])


def trained_digits() -> Path:
    """A folder in the cache with the trained model."""
    from convlet.trained import trained

    # In a process of its own, which takes no time once it is trained: TensorFlow's determinism is for a whole process.
    subprocess.run(
        [sys.executable, "-c", "from convlet.trained import trained; trained('digits')"], check=True
    )
    return trained("digits").folder


@pytest.fixture(scope="session")
def untrained_tflite(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    """Gives the int8 `.tflite` of the zoo's model of that name, with random weights."""
    from convlet.locks import locked
    from untrained_zoo import convert_untrained

    # Converted once for all workers, whose folders lie in one.
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    @cache
    def get(name: str) -> bytes:
        path = shared / f"untrained_{name}.tflite"
        with locked(path.with_suffix(".lock")):
            if not path.exists():
                path.write_bytes(convert_untrained(name))
        return path.read_bytes()

    return get
