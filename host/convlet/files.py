"""Files that are either whole or not there: the cache folder and atomic writes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from convlet.errors import ConvletError


def cache_folder() -> Path:
    """The one folder outside the checkout for downloads and builds: `$CONVLET_CACHE` or
    `~/.cache/convlet`. Raises ConvletError when it cannot be made.
    """
    folder = Path(os.environ.get("CONVLET_CACHE") or Path.home() / ".cache" / "convlet")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConvletError(
            f"cannot make the cache folder {folder}: {error.strerror}; set CONVLET_CACHE to a folder of yours"
        ) from error
    return folder


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; it becomes `path` when the block ends well, and vanishes otherwise.

    Raises ConvletError when the folder cannot be written, or the disk is full: of the block's OSErrors too.
    """
    path = Path(path)
    if path.is_dir():
        raise ConvletError(f"cannot write {path}: it is a folder, expected the name of a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ConvletError(f"cannot write {path}: {error.strerror or error}") from error


def keep_input(out: Path, *inputs: Path) -> None:
    """Raises ConvletError when `out`, which will be written, is one of the files that are read."""
    for path in inputs:
        if out.exists() and path.exists() and out.samefile(path):
            raise ConvletError(f"{out} would replace what it is made from: name another file with -o")


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a reader sees the old file or the whole new one, never a part.

    Raises ConvletError when it cannot be written, or the disk is full.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def keep_newest(folders: Iterable[Path], count: int) -> None:
    """Remove all of these folders but the `count` that were touched last."""
    for folder in sorted(folders, key=lambda folder: folder.stat().st_mtime, reverse=True)[count:]:
        shutil.rmtree(folder)


def read_file(path: Path, what: str) -> bytes:
    """The bytes of `path`. Raises ConvletError naming `what` was expected there when it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConvletError(f"cannot read {what} {path}: {error.strerror}") from error
