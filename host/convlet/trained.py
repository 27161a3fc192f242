"""Models of the zoo, kept in the cache: trained again only when something changes that they are made from."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import sys
import tempfile
from pathlib import Path

from convlet.datasets import Dataset
from convlet.files import cache_folder, keep_newest
from convlet.locks import locked
from convlet.processes import run
from convlet.progress import SILENT, Progress
from convlet.recipe import Recipe
from convlet.train import TrainedFiles, train
from convlet.zoo import find_recipe

# What of the installed packages decides the weights.
PACKAGES = ("tensorflow", "tensorflow_cpu", "keras", "numpy", "scikit-learn", "scipy")
_KEPT = 8  # of one model, with the folders of trainings that were killed


def trained(name: str, progress: Progress = SILENT) -> TrainedFiles:
    """What `convlet train NAME --deterministic` makes, from the cache or trained now.

    Raises as `train.train` does, and KeyboardInterrupt where Ctrl-C ended the training: what there was by then is not
    what others get, and is not kept.
    """
    kept = cache_folder() / "zoo" / name / _key(find_recipe(name))
    with locked(kept.parent / "lock"):
        if not kept.is_dir():
            with tempfile.TemporaryDirectory(prefix="training-", dir=kept.parent) as folder:
                made = Path(folder) / "made"
                if train(name, made, deterministic=True, progress=progress).interrupted:
                    raise KeyboardInterrupt
                made.rename(kept)
        kept.touch()
        keep_newest((path for path in kept.parent.iterdir() if path.is_dir()), _KEPT)
    return TrainedFiles(kept, name)


def _key(recipe: Recipe) -> str:
    """A hash of all that decides what training makes: this Python, its packages, our code, and the data."""
    versions = [f"{name} {version}" for name in PACKAGES if (version := _version(name))]
    key = hashlib.sha256("\n".join([sys.version, *versions]).encode())
    for path in _modules(recipe.name):
        key.update(_code(path.read_text()).encode())
    key.update(_data_bytes(recipe.load_data()))
    return key.hexdigest()[:16]


def _code(text: str) -> str:
    """What a module does: its text without comments, docstrings and the way it is laid out."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) is not None
        ):
            del node.body[0]
    return ast.dump(tree)


def _version(package: str) -> str | None:
    """None when the package is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _modules(name: str) -> list[Path]:
    """The files of ours that training the model `name` imports; of the zoo only its own."""
    listing = (
        f"import sys, convlet.train, convlet.zoo.{name}; "
        "ours = [m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'convlet']; "
        "print(*sorted(ours), sep='\\n')"
    )
    printed = run([sys.executable, "-c", listing], f"find what training {name} imports")
    return [Path(line) for line in printed.splitlines() if line.endswith(".py")]


def _data_bytes(data: Dataset) -> bytes:
    parts = data.train, data.validation, data.test
    return b"".join(part.images.tobytes() + part.labels.tobytes() for part in parts)
