"""Puts a model on a board so that the board never holds a broken one.

The new model is written beside the old one, proved there, and renamed over it: littlefs does that at once. Whatever
breaks off, and wherever, `digits.cvl` is the old or the new model, whole.

    digits.cvl            the model
    digits.cvl.unproved   the new one, until the board has compared its SHA-256 and run its selftest
    digits.cvl.previous   the model before it, for `roll_back`, where there is room
    digits.cvl.proved     on FAT only, which does not rename over a file: the new one while the old one is removed
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from convlet import native
from convlet.board import Board, ConnectionLost, RemoteError, connect, digests, without_password
from convlet.errors import BoardError, ConvletError
from convlet.file_kinds import CVL, read_kind
from convlet.progress import SILENT, Progress

UNPROVED = ".unproved"  # what the name of a file ends in until the board has tested it
PREVIOUS = ".previous"
PROVED = ".proved"
SELFTEST_SECONDS = 120
COPY_SECONDS = 120
SPARE_BYTES = 2 * 4096  # what a file system needs beside the bytes of a file

# Finishes a renaming on FAT that was broken off, and removes what a broken deploy left.
_REMOVE_LEFTOVERS = """
import os
_names = os.listdir({folder!r}) if {folder!r} else os.listdir()
for _name in _names:
    if _name.endswith({unproved!r}):
        os.remove({folder!r} + _name)
    elif _name.endswith({proved!r}):
        if _name[:-{length}] in _names:
            os.remove({folder!r} + _name)
        else:
            os.rename({folder!r} + _name, {folder!r} + _name[:-{length}])
"""
_RENAME = """
import errno, os
def _rename(new, name):
    try:
        os.rename(new, name)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise
        os.rename(new, name + {proved!r})
        os.remove(name)
        os.rename(name + {proved!r}, name)
_rename({new!r}, {name!r})
"""
_COPY = """
_b = bytearray(512)
_o = open({source!r}, "rb")
_f = open({target!r}, "wb")
while True:
    _n = _o.readinto(_b)
    if not _n:
        break
    assert _f.write(memoryview(_b)[:_n]) == _n
_f.close()
_o.close()
"""
_FREE_BYTES = """
import os
_s = os.statvfs({folder!r} or os.getcwd())
print(_s[0] * _s[3])
"""


@dataclass(frozen=True)
class Deployed:
    """What is on the board now: `sent_bytes` of it went over the wire; `keeps_previous`: `roll_back` is possible."""

    name: str
    size: int
    sha256: str
    sent_bytes: int
    keeps_previous: bool


def deploy(
    model: Path, port: str, *, name: str | None = None, via: str = "mpremote", progress: Progress = SILENT
) -> Deployed:
    """Write `model` to the board at `port` and rename it to `name` once the board has proved it.

    The board compares the SHA-256 and runs the model's selftest first. Blocks that the old model has too are not sent,
    and nothing is when it is the same. Raises BoardError when any step fails; the model that was on the board is then
    still there.

    >>> from convlet import emulate, firmware
    >>> with emulate.pico(firmware.build("pico").image, {"digits.cvl": Path("digits.cvl").read_bytes()}) as running:
    ...     done = deploy(Path("digits.cvl"), running.port)
    >>> done.name, done.sent_bytes  # the board has it already
    ('digits.cvl', 0)
    """
    data = read_kind(model, CVL, "the model")
    digest = hashlib.sha256(data).hexdigest()
    target = name or Path(model).name
    progress.step(f"Deploying {target} to {without_password(port)}")
    with connect(port, via=via) as board:
        with _old_model_stays(board, target):
            require_module(board, port, progress)
            remove_leftovers(board, target)
            old = board.block_digests(target)
            if old == digests(data):
                selftest(board, target)
                progress.detail("the board has it already, and its selftest agrees")
                return Deployed(target, len(data), digest, 0, exists(board, target + PREVIOUS))
            _make_room(board, target, data, progress)
            sent = _upload(board, target, data, old, progress)
            board.check_file(target + UNPROVED, data)
            selftest(board, target + UNPROVED)
            keeps_previous = bool(old) and _keep_as_previous(board, target)
        _rename_proved(board, target)
    progress.detail(f"{len(data):,} bytes, {sent:,} of them sent; SHA-256 and selftest agree")
    if old and not keeps_previous:
        progress.detail("no room to keep the old model: there is no --rollback to it")
    return Deployed(target, len(data), digest, sent, keeps_previous)


def roll_back(
    port: str, *, name: str | None = None, via: str = "mpremote", progress: Progress = SILENT
) -> Deployed:
    """Put the model that was on the board before back in place; the two change places.

    Without `name` it is the one model that has a previous one. Raises BoardError; the board is then as it was.

    >>> from convlet import emulate, firmware
    >>> files = {"digits.cvl.previous": Path("digits.cvl").read_bytes()}
    >>> with emulate.pico(firmware.build("pico").image, files) as running:
    ...     roll_back(running.port).name
    'digits.cvl'
    """
    with connect(port, via=via) as board:
        target = name or _only_name_with_previous(board)
        progress.step(f"Rolling {target} back on {without_password(port)}")
        with _old_model_stays(board, target, "rolled back"):
            require_module(board, port)
            remove_leftovers(board, target)
            if not exists(board, target + PREVIOUS):
                raise BoardError(f"the board has no {target}{PREVIOUS}, to which to go back")
            selftest(board, target + PREVIOUS)
            if not _copy(board, target + PREVIOUS, target + UNPROVED):
                free = free_bytes(board, target)
                raise BoardError(
                    f"there is no room for a copy of the previous model: {free:,} bytes are left"
                )
            keeps_previous = exists(board, target) and _keep_as_previous(board, target)
            digest = board.sha256(target + UNPROVED)
            size = int(board.run(f"import os\nprint(os.stat({target + UNPROVED!r})[6])"))
        _rename_proved(board, target)
    return Deployed(target, size, digest, 0, keeps_previous)


@contextmanager
def _old_model_stays(board: Board, target: str, done: str = "deployed") -> Iterator[None]:
    """After any failure, also Ctrl-C: remove the unproved file if the board still answers, and say so."""
    try:
        yield
    except BaseException as error:
        left = f"; {target}{UNPROVED} may be left there, the next deploy removes it"
        with contextlib.suppress(BoardError):
            board.recover()
            remove_leftovers(board, target)
            left = ""
        if isinstance(error, BoardError):
            raise BoardError(f"{target} was not {done}, the board is as it was{left}: {error}") from error
        raise


def remove_leftovers(board: Board, target: str) -> None:
    """Finish what a broken deploy left in the folder of `target`, or remove it."""
    code = _REMOVE_LEFTOVERS.format(
        folder=_folder(target), unproved=UNPROVED, proved=PROVED, length=len(PROVED)
    )
    board.run(code)


def _folder(target: str) -> str:
    """The folder of a file on the board, with the slash at its end; nothing for the folder that it starts in."""
    return target[: target.rfind("/") + 1]


def require_module(board: Board, port: str, progress: Progress | None = None) -> None:
    """See that the board can import convlet, from its firmware; with `progress` the native module is installed."""
    try:
        board.run("import convlet")
    except RemoteError as error:
        advice = "flash one made by `convlet firmware build`"
        missing = f"the firmware of the board at {without_password(port)} has no module convlet ({error})"
        if progress is None:
            raise BoardError(f"{missing}: {advice}") from error
        progress.step("The firmware has no module convlet: installing the native one")
        try:
            native.install(board, progress=progress)
            board.run("import convlet")
        except ConvletError as reason:
            raise BoardError(f"{missing}, and none could be installed: {reason}; or {advice}") from reason


def exists(board: Board, name: str) -> bool:
    """Whether the board has a file of this name."""
    try:
        board.run(f"import os\nos.stat({name!r})")
    except RemoteError as error:
        if "ENOENT" not in error.message:
            raise
        return False
    return True


def _only_name_with_previous(board: Board) -> str:
    listing = board.run("import os\nprint('\\n'.join(os.listdir()))").split("\n")
    names = [name.removesuffix(PREVIOUS) for name in listing if name.endswith(PREVIOUS)]
    if len(names) != 1:
        known = f": name one of {', '.join(sorted(names))}" if names else ""
        raise BoardError(f"{len(names)} models on the board have a previous one to go back to{known}")
    return names[0]


def free_bytes(board: Board, target: str) -> int:
    """What is left in the file system that holds `target`."""
    return int(board.run(_FREE_BYTES.format(folder=_folder(target))))


def _make_room(board: Board, target: str, data: bytes, progress: Progress) -> None:
    """The model before the old one goes when the new one has no room beside it; the old one stays."""
    if free_bytes(board, target) < len(data) + SPARE_BYTES and exists(board, target + PREVIOUS):
        board.remove(target + PREVIOUS)
        progress.detail(f"removed {target}{PREVIOUS} to make room")


def _upload(board: Board, target: str, data: bytes, old: list[str], progress: Progress) -> int:
    try:
        with progress.bar(f"writing {len(data):,} bytes", total=len(data)) as advance:
            return board.write_file(target + UNPROVED, data, advance, base=target, base_blocks=old)
    except RemoteError as error:
        if error.kind != "OSError":
            raise
        board.recover()
        raise BoardError(
            f"the board could not store the {len(data):,} bytes ({error}): {free_bytes(board, target):,} bytes are "
            "left in its file system, which must hold the old model and the new one"
        ) from error


def selftest(board: Board, name: str) -> None:
    """Let the board run the model on its own vectors; raises BoardError when it disagrees."""
    try:
        board.run(f"import convlet\nconvlet.Model({name!r}).selftest()", seconds=SELFTEST_SECONDS)
    except RemoteError as error:
        raise BoardError(f"the board's own test of the model failed: {error}") from error


def _copy(board: Board, source: str, target: str) -> bool:
    """Copy a file on the board; False, and nothing is left of it, when there is no room."""
    try:
        board.run(_COPY.format(source=source, target=target), seconds=COPY_SECONDS)
    except RemoteError as error:
        if error.kind != "OSError":
            raise
        board.recover()
        board.remove(target)
        return False
    return True


def _keep_as_previous(board: Board, target: str) -> bool:
    """Copy the model to its previous one, which makes room if it must; False when there is no room even so."""
    previous = target + PREVIOUS
    copy = previous + UNPROVED
    if not _copy(board, target, copy):
        if not exists(board, previous):
            return False
        board.remove(previous)
        if not _copy(board, target, copy):
            return False
    rename(board, copy, previous)
    return True


def rename(board: Board, new: str, name: str) -> None:
    """Rename a file on the board over another; on FAT `remove_leftovers` finishes it when it was broken off."""
    board.run(_RENAME.format(new=new, name=name, proved=PROVED))


def _rename_proved(board: Board, target: str) -> None:
    try:
        rename(board, target + UNPROVED, target)
    except ConnectionLost as error:
        raise BoardError(
            f"the connection was lost while the new {target} took the place of the old one; the board holds "
            f"one of them, whole. Deploy again: {error}"
        ) from error
