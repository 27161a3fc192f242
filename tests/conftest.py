"""Fixtures that several test folders use."""

from __future__ import annotations

import hashlib
import importlib.metadata
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from convlet.files import cache_folder
from convlet.locks import locked
from numpy.typing import NDArray


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
    """A folder in the cache with the trained model; training takes 20 s, so it is kept for equal code."""
    kept = cache_folder() / "test-digits" / training_key()
    with locked(kept.parent / "lock"):
        if not kept.is_dir():
            with tempfile.TemporaryDirectory(dir=kept.parent) as name:
                made = Path(name) / "made"
                command = [sys.executable, "-m", "convlet.cli", "-q", "train", "digits", "--deterministic"]
                subprocess.run([*command, "--out", str(made)], check=True)
                made.rename(kept)
    return kept


def training_key() -> str:
    """A hash of all that decides what training makes: this Python, its packages, and our modules in it."""
    listing = (
        "import sys, convlet.commands.train; "
        "ours = [m.__file__ for name, m in sys.modules.items() if name.split('.')[0] == 'convlet']; "
        "print(*sorted(ours), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", listing], check=True, capture_output=True, text=True)
    modules = [path for path in done.stdout.splitlines() if path.endswith(".py")]
    packages = sorted(f"{found.name} {found.version}" for found in importlib.metadata.distributions())
    key = hashlib.sha256("\n".join([sys.version, *packages]).encode())
    for path in modules:
        key.update(Path(path).read_bytes())
    return key.hexdigest()[:16]
