"""Puts a model into a board's ROMFS, where it runs in place, so that no model is lost whatever breaks off.

Flash cannot be renamed over. So the blocks that change are written to a file first, `romfs.update`, which the board
proves. Then the board itself carries them over: the block with the header is erased first, and the header's first byte
is written last, when the SHA-256 of all is right. Until then `/rom` is empty, never broken. A deploy that finds
`romfs.update` and an empty `/rom` carries it over again: that may be done any number of times.

Some ports (stm32, esp8266, alif) have no block device there but a memoryview of the flash, which `vfs.rom_ioctl` erases
from its beginning on and writes. There all blocks are in the file, and one that is found is always carried over again:
flash that may be written once after it was erased cannot have its header taken away first.
"""

from __future__ import annotations

import contextlib
import hashlib
from binascii import a2b_base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from convlet import romfs
from convlet.board import Board, ConnectionLost, RemoteError, connect, without_password
from convlet.deploy import (
    SELFTEST_SECONDS,
    SPARE_BYTES,
    UNPROVED,
    Deployed,
    exists,
    free_bytes,
    remove_leftovers,
    rename,
    require_module,
    selftest,
)
from convlet.errors import BoardError, ModelError
from convlet.file_kinds import CVL, read_kind
from convlet.progress import SILENT, Progress

FOLDER = "/rom/"
UPDATE = "romfs.update"  # a line: SHA-256 and bytes of the image, numbers of the blocks; then the blocks
WITHOUT = "deploy without --romfs: a model that is too big for the RAM runs with `convlet compile --window`"

MAPPED_BLOCK = 4096  # bytes that are sent together where the flash is a memoryview

_FIND = f"""
try:
    import vfs
    _d = vfs.rom_ioctl(2, 0)
    if isinstance(_d, memoryview):
        print(len(_d), {MAPPED_BLOCK}, 1)
    else:
        print(_d.ioctl(4, 0) * _d.ioctl(5, 0), _d.ioctl(5, 0), 0)
except (ImportError, AttributeError):
    print(0, 0, 0)
"""
_READ = """
from binascii import b2a_base64
_b = bytearray(512)
for _i in range({start}, {end}, 512):
    if isinstance(_d, memoryview):
        _b[:] = _d[_i:_i + 512]
    else:
        _d.readblocks(_i // {block}, _b, _i % {block})
    print(b2a_base64(_b).decode(), end="")
"""
# Flash is programmed in pages of 256 bytes; programming makes ones to zeros, also where it was done before.
_CARRY_OVER = """
import vfs
from binascii import hexlify
from hashlib import sha256
def _carry_over(d, f):
    sha, size, *blocks = f.readline().decode().split()
    size, n = int(size), d.ioctl(5, 0)
    first, b = bytearray(n), bytearray(n)
    f.readinto(first)
    d.writeblocks(0, bytes(256), 0)
    d.ioctl(6, 0)
    for i in blocks[1:]:
        f.readinto(b)
        d.ioctl(6, int(i))
        d.writeblocks(int(i), b, 0)
        print(end=".")
    h = sha256(memoryview(first)[:size])
    for i in range(1, (size + n - 1) // n):
        d.readblocks(i, b, 0)
        h.update(memoryview(b)[:size - i * n])
        print(end=".")
    if hexlify(h.digest()).decode() != sha:
        raise ValueError("ROMFS does not hold what was written to it")
    head, first[0] = first[0], 255
    d.writeblocks(0, first, 0)
    d.readblocks(0, b, 0)
    if b != first:
        raise ValueError("ROMFS does not hold what was written to it")
    d.writeblocks(0, bytes([head]) + b"\\xff" * 255, 0)
    vfs.mount(vfs.VfsRom(d), "/rom")
    print(end="..")
try:
    vfs.umount("/rom")
except OSError:
    pass
with open({update!r}, "rb") as _f:
    _carry_over(vfs.rom_ioctl(2, 0), _f)
"""
# As mpremote writes it: 6 asks for the bytes that are erased together, which older firmware does not tell; 3 erases and
# gives the fewest bytes that 4 writes; 5 ends it. The first of them, with the header, are written last.
_CARRY_OVER_MAPPED = """
import vfs
from binascii import hexlify
from hashlib import sha256
def _checked(result):
    if result < 0:
        raise OSError(-result)
    return result
def _erase(size):
    n = vfs.rom_ioctl(6, 0)
    if n <= 0:
        return _checked(vfs.rom_ioctl(3, 0, size))
    return max([_checked(vfs.rom_ioctl(3, 0, at, n)) for at in range(0, size, n)])
def _carry_over(d, f, n):
    sha, size, *blocks = f.readline().decode().split()
    size = int(size)
    least = _erase(size)
    first, b = bytearray(n), bytearray(n)
    for i in range(len(blocks)):
        count = f.readinto(b)
        begin = 0
        if i == 0:
            first[:] = b
            begin = least
        end = (count + least - 1) // least * least
        if begin < end:
            _checked(vfs.rom_ioctl(4, 0, i * n + begin, memoryview(b)[begin:end]))
        print(end="..")
    h = sha256(memoryview(first)[:min(least, size)])
    h.update(d[least:size])
    if hexlify(h.digest()).decode() != sha:
        raise ValueError("ROMFS does not hold what was written to it")
    _checked(vfs.rom_ioctl(4, 0, 0, memoryview(first)[:least]))
    vfs.rom_ioctl(5, 0)
    if hexlify(sha256(d[:size]).digest()).decode() != sha:
        raise ValueError("ROMFS does not hold what was written to it")
    vfs.mount(vfs.VfsRom(d), "/rom")
try:
    vfs.umount("/rom")
except OSError:
    pass
with open({update!r}, "rb") as _f:
    _carry_over(vfs.rom_ioctl(2, 0), _f, {block})
"""


@dataclass(frozen=True)
class _Rom:
    """A board's ROMFS: its bytes, and those that are erased together; of a memoryview those that are sent together."""

    size: int
    block: int
    is_mapped: bool

    @property
    def carry_over(self) -> str:
        """The code that brings the ROMFS to what UPDATE says."""
        return (_CARRY_OVER_MAPPED if self.is_mapped else _CARRY_OVER).format(update=UPDATE, block=self.block)


def deploy_to_rom(
    model: Path, port: str, *, name: str | None = None, via: str = "mpremote", progress: Progress = SILENT
) -> Deployed:
    """Put `model` into the ROMFS of the board at `port` as `/rom/NAME`, beside the files that are there.

    Its selftest passes here before anything is sent and on the board afterwards; if not there, the files that were in
    the ROMFS come back. Only blocks that differ are sent and written. Raises ModelError and BoardError.

    >>> from convlet import emulate, firmware
    >>> with emulate.pico(firmware.build("pico").image) as running:
    ...     deploy_to_rom(Path("digits.cvl"), running.port).name
    '/rom/digits.cvl'
    """
    data = _checked(model)
    name = name or Path(model).name
    if "/" in name or not name.isascii():
        raise BoardError(f"{name!r} cannot be a file's name in ROMFS: choose one of ASCII letters, without /")
    progress.step(f"Deploying {FOLDER}{name} to {without_password(port)}")
    with connect(port, via=via) as board, _saying_what_is_left(board, name):
        rom = _find(board, port)
        require_module(board, port, progress)
        remove_leftovers(board, UPDATE)
        _finish(board, rom, progress)
        old = _read(board, rom, progress)
        image = romfs.build({**romfs.files_in(old), name: data})
        _require_room(board, rom, old, image)
        sent = 0
        if image != old:
            sent = _replace(board, rom, old, image, progress)
            _prove_or_put_back(board, rom, old, image, (name, data), progress)
            board.remove(UPDATE)
        else:
            selftest(board, FOLDER + name)
    progress.detail(f"{len(data):,} bytes; sent {sent:,}, of blocks that differ; SHA-256 and selftest agree")
    others = romfs.files_in(image).keys() - {name}
    if others:
        progress.detail(f"beside it: {', '.join(sorted(others))}")
    return Deployed(FOLDER + name, len(data), hashlib.sha256(data).hexdigest(), sent, False)


def _checked(model: Path) -> bytes:
    """The bytes of a model that passes its selftest here, with the engine of the boards."""
    from convlet.engine import Model

    data = read_kind(model, CVL, "the model")
    try:
        Model(data).selftest()
    except ValueError as error:
        raise ModelError(f"{model} does not pass its own test: {error}; compile it again") from error
    return data


@contextmanager
def _saying_what_is_left(board: Board, name: str) -> Iterator[None]:
    """After any failure, also Ctrl-C: clear away what is not needed if the board answers, and say what is left."""
    try:
        yield
    except BaseException as error:
        left = (
            f"{FOLDER} holds what it did, or nothing and {UPDATE} its files, which the next deploy puts there"
        )
        with contextlib.suppress(BoardError):
            board.recover()
            remove_leftovers(board, UPDATE)
            if not exists(board, UPDATE):
                left = "the board is as it was"
            elif isinstance(error, KeyboardInterrupt):
                _finish(board, _find(board, ""), SILENT)
        if isinstance(error, BoardError):
            raise BoardError(f"{FOLDER}{name} was not deployed, {left}: {error}") from error
        raise


def _find(board: Board, port: str) -> _Rom:
    size, block, is_mapped = (int(word) for word in board.run(_FIND).split())
    if not size:
        raise BoardError(
            f"the firmware of the board at {without_password(port)} has no ROMFS: flash "
            f"one made by `convlet firmware build --board pico` or pico2, or {WITHOUT}"
        )
    return _Rom(size, block, bool(is_mapped))


def _prove_or_put_back(
    board: Board, rom: _Rom, old: bytes, image: bytes, file: tuple[str, bytes], progress: Progress
) -> None:
    name, data = file
    try:
        board.check_file(FOLDER + name, data)
        selftest(board, FOLDER + name)
    except ConnectionLost:
        raise
    except BoardError:
        progress.detail("putting back what was there")
        _replace(board, rom, image, old or romfs.build({}), progress)
        board.remove(UPDATE)
        raise


def _finish(board: Board, rom: _Rom, progress: Progress) -> None:
    """Carry over what a broken deploy left; where the ROMFS is whole it had not begun, or was done."""
    if not exists(board, UPDATE):
        return
    if rom.is_mapped or not _image_bytes(board, rom):
        progress.detail("finishing a deploy that was broken off")
        try:
            board.run(rom.carry_over, seconds=SELFTEST_SECONDS)
        except RemoteError as error:
            progress.detail(f"it cannot be finished, {FOLDER} is empty: {error}")
    board.remove(UPDATE)


def _image_bytes(board: Board, rom: _Rom) -> int:
    size = romfs.image_bytes(_read_bytes(board, rom, 0, 512))
    return size if size <= rom.size else 0


def _read_bytes(board: Board, rom: _Rom, start: int, end: int) -> bytes:
    text = board.run(_READ.format(start=start, end=end, block=rom.block))
    return b"".join(a2b_base64(line) for line in text.split())


def _read(board: Board, rom: _Rom, progress: Progress) -> bytes:
    """The image that is there now; an empty one when there is none."""
    size = _image_bytes(board, rom)
    if not size:
        return b""
    image = b""
    with progress.bar(f"reading {size:,} bytes of the ROMFS", total=size) as advance:
        for start in range(0, size, rom.block):
            image += _read_bytes(board, rom, start, min(size, start + rom.block))
            advance(min(size - start, rom.block))
    return image[:size]


def _require_room(board: Board, rom: _Rom, old: bytes, image: bytes) -> None:
    if len(image) > rom.size:
        files = ", ".join(f"{name} ({len(data):,} bytes)" for name, data in romfs.files_in(old).items())
        keep = f"It holds {files}; `mpremote romfs deploy FOLDER` removes what is not in the folder. "
        raise BoardError(
            f"with it the files take {len(image):,} bytes, and the board's ROMFS has {rom.size:,}. "
            f"{keep if files else ''}Or {WITHOUT}"
        )
    update, free = len(_update(rom, old, image)), free_bytes(board, UPDATE)
    if update + SPARE_BYTES > free:
        raise BoardError(
            f"the file system must hold the {update:,} bytes that change until they are in the ROMFS, and has "
            f"{free:,} left: remove files from it"
        )


def _differing(rom: _Rom, old: bytes, image: bytes) -> list[int]:
    """The first block, which is always written, and the others that differ; all where all are erased."""
    return [
        start // rom.block
        for start in range(0, len(image), rom.block)
        if start == 0 or rom.is_mapped or old[start : start + rom.block] != image[start : start + rom.block]
    ]


def _update(rom: _Rom, old: bytes, image: bytes) -> bytes:
    """What UPDATE holds."""
    blocks = _differing(rom, old, image)
    line = " ".join(map(str, [hashlib.sha256(image).hexdigest(), len(image), *blocks]))
    return line.encode() + b"\n" + b"".join(image[i * rom.block : (i + 1) * rom.block] for i in blocks)


def _replace(board: Board, rom: _Rom, old: bytes, image: bytes, progress: Progress) -> int:
    """Bring the ROMFS from one image to the other; the bytes that were sent."""
    update = _update(rom, old, image)
    with progress.bar(f"sending {len(update):,} bytes", total=len(update)) as advance:
        board.write_file(UPDATE + UNPROVED, update, advance)
    board.check_file(UPDATE + UNPROVED, update)
    rename(board, UPDATE + UNPROVED, UPDATE)
    steps = len(_differing(rom, old, image)) + -(-len(image) // rom.block)
    with progress.bar("writing the ROMFS and reading it back", total=steps) as advance:
        board.run(rom.carry_over, SELFTEST_SECONDS, lambda dots: advance(len(dots)))
    return len(update)
