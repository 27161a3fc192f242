"""One process at a time in a folder. For POSIX: firmware is built on Linux, macOS or WSL."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convlet.errors import ConvletError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Waits until no other process holds `path`, then holds it; the kernel lets go even after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Holds the existing `folder`, without a file for it. Raises ConvletError when another process does."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConvletError(
                f"another run is writing into {folder}: wait until it is done, or choose another folder with --out"
            ) from error
        yield
    finally:
        os.close(descriptor)
