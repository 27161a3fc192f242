"""A board of QEMU with files in its ROMFS, which the emulator lays there: none is in its heap."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from convlet import emulate, romfs
from convlet.board import Board, connect

# ROM_ADDRESS of micropython_module/boards.
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
    with tempfile.TemporaryDirectory() as folder:
        rom = Path(folder) / "rom"
        rom.write_bytes(romfs.build(files))
        loader = ("-device", f"loader,file={rom},addr={ROM_ADDRESSES[board_name]:#x},force-raw=on")
        with emulate.qemu(board_name, image, *options, *loader) as running, connect(running.port) as board:
            yield board
