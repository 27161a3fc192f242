"""Puts a model on a board so that the board never holds a broken one."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from convlet.board import Board, ConnectionLost, RemoteError, connect
from convlet.errors import BoardError
from convlet.files import read_file
from convlet.progress import SILENT, Progress

UNPROVED = ".unproved"  # what the name of a file ends in until the board has tested it
SELFTEST_SECONDS = 120

_REMOVE_LEFTOVERS = """
import os
for _name in os.listdir({folder!r}):
    if _name.endswith({suffix!r}):
        os.remove({folder!r} + _name)
"""
# FAT does not rename over a file that exists: there, and only there, the old model is removed first.
_RENAME = """
import errno, os
try:
    os.rename({new!r}, {name!r})
except OSError as _error:
    if _error.errno != errno.EEXIST:
        raise
    os.remove({name!r})
    os.rename({new!r}, {name!r})
"""
_FREE_BYTES = "import os\n_s = os.statvfs({folder!r})\nprint(_s[0] * _s[3])"


@dataclass(frozen=True)
class Deployed:
    """What is on the board now."""

    name: str
    size: int
    sha256: str


def deploy(model: Path, port: str, *, name: str | None = None, progress: Progress = SILENT) -> Deployed:
    """Write `model` to the board at `port` and rename it to `name` once the board has proved it.

    The board compares the SHA-256 and runs the model's selftest first. Raises BoardError when any step fails;
    the model that was on the board is then still there.
    """
    data = read_file(model, "the model")
    digest = hashlib.sha256(data).hexdigest()
    target = name or Path(model).name
    progress.step(f"Deploying {target} to {port}")
    with connect(port) as board:
        with _old_model_stays(board, target):
            _require_module(board, port)
            _remove_leftovers(board, target)
            _upload(board, target, data, progress)
            _compare_digest(board, target, digest)
            _selftest(board, target)
        _rename(board, target)
    progress.detail(f"{target}: {len(data):,} bytes, SHA-256 and selftest agree")
    return Deployed(target, len(data), digest)


@contextmanager
def _old_model_stays(board: Board, target: str) -> Iterator[None]:
    """After any failure, also Ctrl-C: remove the unproved file if the board still answers, and say so."""
    try:
        yield
    except BaseException as error:
        left = f"; {target}{UNPROVED} may be left there, the next deploy removes it"
        with contextlib.suppress(BoardError):
            board.recover()
            _remove_leftovers(board, target)
            left = ""
        if isinstance(error, BoardError):
            raise BoardError(f"{target} was not deployed, the board is as it was{left}: {error}") from error
        raise


def _remove_leftovers(board: Board, target: str) -> None:
    board.run(_REMOVE_LEFTOVERS.format(folder=_folder(target), suffix=UNPROVED))


def _folder(target: str) -> str:
    """The folder of a file on the board, with the slash at its end."""
    return target[: target.rfind("/") + 1] or "/"


def _require_module(board: Board, port: str) -> None:
    try:
        board.run("import convlet")
    except RemoteError as error:
        raise BoardError(
            f"the firmware of the board at {port} has no module convlet ({error}): "
            "flash one made by `convlet firmware build`"
        ) from error


def _upload(board: Board, target: str, data: bytes, progress: Progress) -> None:
    try:
        with progress.bar(f"writing {len(data):,} bytes", total=len(data)) as advance:
            board.write_file(target + UNPROVED, data, advance)
    except RemoteError as error:
        if error.kind != "OSError":
            raise
        board.recover()
        free = board.run(_FREE_BYTES.format(folder=_folder(target))).strip()
        raise BoardError(
            f"the board could not store the {len(data):,} bytes ({error}): {free} bytes are left in its file "
            "system, which must hold the old model and the new one"
        ) from error


def _compare_digest(board: Board, target: str, expected: str) -> None:
    found = board.sha256(target + UNPROVED)
    if found != expected:
        raise BoardError(f"the file arrived damaged: SHA-256 {found} on the board, {expected} here")


def _selftest(board: Board, target: str) -> None:
    try:
        board.run(
            f"import convlet\nconvlet.Model({target + UNPROVED!r}).selftest()",
            seconds=SELFTEST_SECONDS,
        )
    except RemoteError as error:
        raise BoardError(f"the board's own test of the model failed: {error}") from error


def _rename(board: Board, target: str) -> None:
    try:
        board.run(_RENAME.format(new=target + UNPROVED, name=target))
    except ConnectionLost as error:
        raise BoardError(
            f"the connection was lost while the new {target} took the place of the old one; the board holds "
            f"one of them, whole. Deploy again: {error}"
        ) from error
