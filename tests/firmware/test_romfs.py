"""Models are deployed to the Pico's ROMFS and run there in place: none of their bytes is copied to its RAM."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import convlet
import pytest
from bench_models import lenet_chain
from chain import Chain
from convlet import boards, emulate, rom_deploy, romfs
from convlet.board import connect
from convlet.compile import compile_tflite
from convlet.errors import BoardError
from convlet.rom_deploy import UPDATE, deploy_to_rom

HEAP_ALLOWED = 40 * 1024  # in use, with both models ready to run
OBJECT_BYTES = 300  # what a model has on the heap besides its arena, at most
ROMFS_BYTES = 256 * 1024  # as the board's mpconfigboard.h has it, below the file system
VECTORS = Path(__file__).parents[1] / "vectors"
_UF2_BLOCK, _UF2_DATA = 512, 256
SCRIPT = """
import gc
import convlet
gc.collect()
before = gc.mem_alloc()
models = [convlet.Model("/rom/%s.cvl" % name) for name in ("lenet", "wide")]
gc.collect()
print(gc.mem_alloc(), gc.mem_alloc() - before)
for model in models:
    model.selftest()
    print(list(model.run(bytes(28 * 28)))) if model.input_shape == (28, 28, 1) else None
"""
LIST = "import os\nprint(os.listdir('/rom') if 'rom' in os.listdir('/') else None, 'romfs.update' in os.listdir('/'))"


def wide_chain() -> Chain:
    """Few multiplications, but 84 KB of weights."""
    return Chain((4, 4, 8)).conv(96, (1, 1)).dense(56)


def uf2_with(firmware: bytes, data: bytes, address: int, family: int) -> bytes:
    """The UF2 file with more data behind it."""
    firmware_blocks = len(firmware) // _UF2_BLOCK
    data = data.ljust(-(-len(data) // _UF2_DATA) * _UF2_DATA, b"\xff")
    count = firmware_blocks + len(data) // _UF2_DATA
    blocks = [firmware[at : at + _UF2_BLOCK] for at in range(0, len(firmware), _UF2_BLOCK)]
    for index in range(0, len(data), _UF2_DATA):
        head = struct.pack(
            "<8I",
            *(0x0A324655, 0x9E5D5157, 0x2000, address + index, _UF2_DATA, len(blocks), count, family),
        )
        blocks.append(
            (head + data[index : index + _UF2_DATA]).ljust(_UF2_BLOCK - 4, b"\0") + b"\x30\x6f\xb1\x0a"
        )
    numbered = (
        block[:20] + struct.pack("<2I", number, count) + block[28:] for number, block in enumerate(blocks)
    )
    return b"".join(numbered)


def test_big_models_need_little_heap(pico_firmware: Path, tmp_path: Path) -> None:
    board = boards.find("pico")
    assert board.storage is not None and board.build.uf2 is not None
    chains = {"lenet": lenet_chain(), "wide": wide_chain()}
    files = {name: compile_tflite(chain.build(), prefer="ram").cvl for name, chain in chains.items()}
    assert all(len(file) > 60_000 for file in files.values())
    arenas = sum(convlet.Model(file).arena_bytes for file in files.values())
    rom = romfs.build({f"{name}.cvl": file for name, file in files.items()})
    address = board.build.uf2.address + board.storage.offset - ROMFS_BYTES
    image = tmp_path / "firmware.uf2"
    image.write_bytes(uf2_with(pico_firmware.read_bytes(), rom, address, board.build.uf2.family))
    with emulate.pico(image) as running, connect(running.port) as repl:
        sizes, output = repl.run(SCRIPT, seconds=60).splitlines()
    in_use, added = (int(word) for word in sizes.split())
    assert in_use < HEAP_ALLOWED, in_use
    assert arenas < added < arenas + 2 * OBJECT_BYTES, (arenas, added)
    assert output == str(list(convlet.Model(files["lenet"]).run(bytes(28 * 28))))


def test_deploy_one_by_ampy_and_one_that_is_broken_off(
    pico_firmware: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (VECTORS / f"{name}.cvl" for name in ("stream", "padded"))
    with emulate.pico(pico_firmware, pty=True) as running:
        assert deploy_to_rom(first, running.port, via="ampy").name == "/rom/stream.cvl"
        carry_over = rom_deploy._CARRY_OVER
        broken = carry_over.replace("d.ioctl(6, 0)\n", "d.ioctl(6, 0)\n    raise OSError(5)\n")
        assert broken != carry_over
        monkeypatch.setattr(rom_deploy, "_CARRY_OVER", broken)
        with pytest.raises(
            BoardError, match=rf"or nothing and {UPDATE} its files, which the next deploy puts"
        ):
            deploy_to_rom(second, running.port)
        monkeypatch.undo()
        with connect(running.port) as board:
            assert board.run(LIST) == "None True\n"
        command = [sys.executable, "-m", "convlet.cli", "deploy", second, "--port", running.port, "--romfs"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        for text in (
            "finishing a deploy that was broken off",
            "sent 0,",
            "/rom/padded.cvl is on the board",
        ):
            assert text in done.stdout
        with connect(running.port) as board:
            assert board.run(LIST) == "['stream.cvl', 'padded.cvl'] False\n"
            board.run("import convlet\nconvlet.Model('/rom/stream.cvl').selftest()")


def test_stock_firmware_has_no_romfs(stock_pico_firmware: Path) -> None:
    with (
        emulate.pico(stock_pico_firmware, board_name="pico-stock") as running,
        pytest.raises(BoardError, match=r"no ROMFS: .*convlet firmware build --board pico.* without --romfs"),
    ):
        deploy_to_rom(VECTORS / "padded.cvl", running.port)
