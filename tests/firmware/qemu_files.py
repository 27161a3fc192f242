"""A board of QEMU with files, in a ROMFS that the emulator lays beside the firmware's memory: none is in its heap."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from convlet import emulate, romfs
from convlet.board import Board, connect
from convlet.emulate import EmulatedBoard

ROM_ADDRESSES = {
    "qemu-mps2-an385": 0x200000,
    "qemu-mps2-an386": 0x200000,
    "qemu-mps2-an500": 0x200000,
    "qemu-mps2-an505": 0x10200000,
    "qemu-virt-rv32": 0x84000000,
    "qemu-lx60-xtensa": 0x02000000,
}


@contextmanager
def qemu_with_files(
    board_name: str, image: Path, files: Mapping[str, bytes], *options: str
) -> Iterator[Board]:
    """The board, with the files in /rom, from where it imports too; `options` are QEMU's."""
    with _booted(board_name, image, files, *options) as (_, board):
        yield board


@dataclass(frozen=True)
class SleepingBoard:
    """A board that several tests share. MicroPython waits for input in a loop, so that QEMU would keep a processor busy
    while other tests run: between its own tests it is stopped.
    """

    board: Board
    process: int

    @contextmanager
    def awake(self) -> Iterator[Board]:
        os.kill(self.process, signal.SIGCONT)
        try:
            yield self.board
        finally:
            os.kill(self.process, signal.SIGSTOP)


@contextmanager
def sleeping_qemu_with_files(
    board_name: str, image: Path, files: Mapping[str, bytes]
) -> Iterator[SleepingBoard]:
    """As `qemu_with_files`, for many tests."""
    with _booted(board_name, image, files) as (running, board):
        process = running.process.pid
        os.kill(process, signal.SIGSTOP)
        try:
            yield SleepingBoard(board, process)
        finally:
            os.kill(process, signal.SIGCONT)


@contextmanager
def _booted(
    board_name: str, image: Path, files: Mapping[str, bytes], *options: str
) -> Iterator[tuple[EmulatedBoard, Board]]:
    address = ROM_ADDRESSES[board_name]
    with tempfile.TemporaryDirectory() as folder:
        rom = Path(folder) / "rom"
        rom.write_bytes(romfs.build(files))
        loader = ("-device", f"loader,file={rom},addr={address:#x},force-raw=on")
        with emulate.qemu(board_name, image, *options, *loader) as running, connect(running.port) as board:
            board.run(
                "import sys, uctypes, vfs\n"
                f"vfs.mount(vfs.VfsRom(uctypes.bytearray_at({address:#x}, {rom.stat().st_size})), '/rom')\n"
                "sys.path.append('/rom')"
            )
            yield running, board
