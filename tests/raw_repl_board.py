"""A board in CPython: MicroPython's raw REPL on a TCP port, whose file system is a folder, and which can lose power."""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import mmap
import multiprocessing
import os
import socket
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import convlet  # what the board's code imports is there before the fork
from convlet import romfs

BANNER = b"raw REPL; CTRL-B to exit\r\n>"
WINDOW = 128  # bytes of code that may be under way, as on the Pico


def run(code: bytes, names: dict) -> bytes:
    """What a board answers to code: its output and its error, each with an end mark."""
    output, error = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(output):
            exec(code, names)
    except OSError as caught:
        error = f"OSError: [Errno {caught.errno}] {errno.errorcode.get(caught.errno, '')}"
    except Exception as caught:
        error = traceback.format_exception_only(caught)[-1]
    return output.getvalue().encode() + b"\x04" + error.encode() + b"\x04>"


def read_pasted(client: socket.socket) -> bytes | None:
    """The code of raw-paste mode; None when the client goes away."""
    client.sendall(b"R\x01" + WINDOW.to_bytes(2, "little"))
    code, left = b"", WINDOW
    while byte := client.recv(1):
        if byte == b"\x04":
            client.sendall(b"\x04")
            return code
        if byte == b"\x03":
            return b"raise KeyboardInterrupt"
        code += byte
        left -= 1
        if left == 0:
            client.sendall(b"\x01")
            left = WINDOW
    return None


def serve(client: socket.socket, names: dict) -> None:
    """Talk with one client until it goes away. The names stay for the next one, as on a board."""
    pending = b""
    while byte := client.recv(1):
        if byte == b"\x01":
            client.sendall(BANNER)
        elif byte == b"\x04":  # nothing but mpremote's soft reset comes outside of raw-paste mode
            names.clear()
            client.sendall(b"OK\r\nMPY: soft reboot\r\n" + BANNER)
        else:
            pending = (pending + byte)[-2:]
            if pending == b"\x05A":
                client.recv(1)  # the rest of the request for raw-paste mode
                code = read_pasted(client)
                if code is None:
                    return
                client.sendall(run(code, names))


def lose_power_at(count: int) -> None:
    """End at operation number `count`, from 0."""
    left = count

    def counted(operation):
        def call(*arguments, **settings):
            nonlocal left
            if operation is not open or "w" in str(arguments[1:]):
                if left == 0:
                    os._exit(1)
                left -= 1
            return operation(*arguments, **settings)

        return call

    os.rename, os.remove = counted(os.rename), counted(os.remove)
    RomFlash.half_done = counted(RomFlash.half_done)  # type: ignore[method-assign]
    builtins.open = counted(open)


def forbid_renaming_over_a_file() -> None:
    rename = os.rename

    def as_on_fat(old, new):
        if Path(new).exists():
            raise OSError(errno.EEXIST, "exists")
        rename(old, new)

    os.rename = as_on_fat


def limit_room(room: int) -> None:
    """Give the file system so many bytes for all its files."""
    real_open = builtins.open

    def used() -> int:
        return sum(path.stat().st_size for path in Path().iterdir())

    class Limited(io.FileIO):
        def write(self, data) -> int:
            if used() + len(data) > room:
                raise OSError(errno.ENOSPC, "full")
            return super().write(data)

    builtins.open = lambda name, mode="r": Limited(name, "w") if mode == "wb" else real_open(name, mode)
    os.statvfs = lambda folder: (1, 1, room, room - used())


class RomFlash:
    """Flash for a ROMFS in a file, as MicroPython's block device: programming only clears bits, by pages."""

    BLOCK, PAGE = 512, 256

    def __init__(self, path: Path) -> None:
        self.path = path

    def half_done(self) -> None:
        """Called in the middle of each change."""

    def ioctl(self, operation: int, argument: int) -> int:
        if operation == 6:
            self._change(argument * self.BLOCK, b"\xff" * self.BLOCK, erase=True)
        return {4: self.path.stat().st_size // self.BLOCK, 5: self.BLOCK, 6: 0}[operation]

    def readblocks(self, block: int, buffer: bytearray, offset: int) -> None:
        start = block * self.BLOCK + offset
        buffer[:] = self.path.read_bytes()[start : start + len(buffer)]

    def writeblocks(self, block: int, data: bytes, offset: int) -> None:
        assert offset % self.PAGE == len(data) % self.PAGE == 0
        self._change(block * self.BLOCK + offset, data)

    def _change(self, start: int, data: bytes, erase: bool = False) -> None:
        """Where it is broken off an erased block has kept its beginning, and a programmed one has only that."""
        half = len(data) // 2
        halves = [(start, data[:half]), (start + half, data[half:])]
        if erase:
            halves.reverse()
        self._put(*halves[0], erase)
        self.half_done()
        self._put(*halves[1], erase)

    def _put(self, start: int, data: bytes, erase: bool) -> None:
        with Path(self.path).open("r+b") as file:
            file.seek(start)
            old = file.read(len(data))
            assert len(old) == len(data)
            file.seek(start)
            file.write(data if erase else bytes(a & b for a, b in zip(old, data, strict=True)))

    def rom_ioctl(self, operation: int, number: int, *_: object) -> object:
        assert (operation, number) == (2, 0)
        return self


class MappedFlash(RomFlash):
    """Flash for a ROMFS as stm32 has it: a memoryview, erased by sectors from its beginning on. Its words of `LEAST`
    bytes have a checksum each: they are written once after each erasing.
    """

    SECTOR, LEAST = 2048, 16

    def __init__(self, path: Path, tells_sectors: bool) -> None:
        super().__init__(path)
        self.tells_sectors = tells_sectors

    def rom_ioctl(self, operation: int, number: int, *arguments: Any) -> object:
        assert number == 0
        if operation == 2:
            return memoryview(mmap.mmap(os.open(self.path, os.O_RDONLY), 0, prot=mmap.PROT_READ))
        if operation == 3:
            start, size = arguments if self.tells_sectors else (0, *arguments)
            for at in range(start, start + size, self.SECTOR):
                self._change(at, b"\xff" * self.SECTOR, erase=True)
            return self.LEAST
        if operation == 4:
            at, data = arguments
            assert at % self.LEAST == len(data) % self.LEAST == 0
            assert set(self.path.read_bytes()[at : at + len(data)]) == {255}
            self._change(at, bytes(data))
            return 0
        return self.SECTOR if operation == 6 and self.tells_sectors else -errno.EINVAL


def attach_rom(flash: RomFlash) -> None:
    """Give the board MicroPython's module vfs, and the files of the ROMFS in /rom."""
    real_open, real_model = builtins.open, convlet.Model
    mounted: list[dict[str, bytes]] = []

    def mount_at_boot() -> None:
        with contextlib.suppress(OSError):
            mounted[:] = [files_of(flash)]

    def files_of(_: object) -> dict[str, bytes]:
        image = flash.path.read_bytes()
        if not romfs.image_bytes(image):
            raise OSError(errno.ENODEV, "no ROMFS")
        return romfs.files_in(image)

    def umount(_: str) -> None:
        if not mounted:
            raise OSError(errno.EINVAL, "not mounted")
        mounted.clear()

    def open_there(name, mode="r", *arguments, **settings):
        if not str(name).startswith("/rom/"):
            return real_open(name, mode, *arguments, **settings)
        return io.BytesIO(mounted[0][str(name).removeprefix("/rom/")])

    def model(name):
        with open_there(name, "rb") as file:
            return real_model(file.read())

    mount_at_boot()
    builtins.open, convlet.Model = open_there, model
    sys.modules["vfs"] = SimpleNamespace(  # type: ignore[assignment]
        rom_ioctl=flash.rom_ioctl,
        VfsRom=files_of,
        mount=lambda files, place: mounted.append(files),
        umount=umount,
    )


def _power_on(
    server: socket.socket,
    folder: Path,
    die_at: int | None,
    is_fat: bool,
    room: int | None,
    rom: Path | RomFlash | None,
) -> None:
    os.chdir(folder)
    if rom is not None:
        attach_rom(RomFlash(rom) if isinstance(rom, Path) else rom)
    if room is not None:
        limit_room(room)
    if is_fat:
        forbid_renaming_over_a_file()
    if die_at is not None:
        lose_power_at(die_at)
    names: dict = {}
    while True:
        client, _ = server.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client, contextlib.suppress(ConnectionError):
            serve(client, names)


@contextmanager
def board_with(
    folder: Path,
    *,
    die_at: int | None = None,
    is_fat: bool = False,
    room: int | None = None,
    rom: Path | RomFlash | None = None,
) -> Iterator[str]:
    """The port of a board whose file system is `folder`.

    `die_at`: it ends at this operation that changes its files, counted from 0, before that is done. `is_fat`: renaming
    over a file that exists fails. `room`: bytes that its files may have. `rom`: its flash for a ROMFS, or the file
    of it, in a change of which it ends half-way.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = (server, folder, die_at, is_fat, room, rom)
        process = multiprocessing.get_context("fork").Process(target=_power_on, args=arguments, daemon=True)
        process.start()
        port = server.getsockname()[1]
    try:
        yield f"socket://127.0.0.1:{port}"
    finally:
        process.kill()
        process.join()
