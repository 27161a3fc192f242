"""The exceptions of Convlet. `cli.main` catches `ConvletError` once and prints it without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class ConvletError(Exception):
    """Base of all errors a user can cause or mend: says what was found, what was expected, what to do."""


class ModelError(ConvletError):
    """The `.tflite` or Keras model cannot be compiled: damaged, float, or with an operator that is
    missing.
    """


class ToolError(ConvletError):
    """A program or package that this step needs is missing or failed; the message says how to get it."""


class BoardError(ConvletError):
    """The board or emulator did not answer, or did not do what it was asked."""


class VerifyError(ConvletError):
    """Two implementations disagree on a result that must be equal bit for bit."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Puts the name of the file before what a ModelError of the block says."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
