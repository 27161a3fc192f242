"""MicroPython's own interpreter and VfsRom with the code that writes a ROMFS through vfs.rom_ioctl, as on stm32."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from convlet import rom_deploy, romfs
from convlet.rom_deploy import _FIND, _READ, MAPPED_BLOCK, UPDATE, _Rom

FILES = {"digits.cvl": bytes(range(256)) * 40, "lib/a.py": b"a = 1\n"}
SIZE, SECTOR, LEAST = 32_768, 2_048, 16

# A module vfs over a bytearray; the real one has no rom_ioctl on the unix port.
FLASH = f"""
import sys, vfs as real
flash = bytearray({SIZE})
class Vfs:
    VfsRom, mount, umount = real.VfsRom, real.mount, real.umount
    @staticmethod
    def rom_ioctl(operation, number, *arguments):
        if operation == 2:
            return memoryview(flash)
        if operation == 3:
            for i in range((arguments[-1] + {SECTOR} - 1) // {SECTOR} * {SECTOR}):
                flash[(arguments[0] if len(arguments) > 1 else 0) + i] = 255
            return {LEAST}
        if operation == 4:
            at, data = arguments
            assert at % {LEAST} == len(data) % {LEAST} == 0 and set(flash[at:at + len(data)]) == {{255}}
            flash[at:at + len(data)] = data
            return 0
        return SECTORS if operation == 6 else -22
sys.modules["vfs"] = Vfs
"""
SHOW = """
print()
for name in {names}:
    with open("/rom/" + name, "rb") as file:
        print(len(file.read()))
"""


@pytest.mark.parametrize("sector", [SECTOR, -22])
def test_what_is_written_is_mounted_and_read_back(
    sector: int, unix_micropython: Path, tmp_path: Path
) -> None:
    image = romfs.build(FILES)
    assert len(image) > 2 * MAPPED_BLOCK
    rom = _Rom(SIZE, MAPPED_BLOCK, is_mapped=True)
    carry_over = rom_deploy._CARRY_OVER_MAPPED.format(update=UPDATE, block=MAPPED_BLOCK)
    (tmp_path / UPDATE).write_bytes(rom_deploy._update(rom, b"", image))
    end = -(-len(image) // 512) * 512
    code = [
        FLASH.replace("SECTORS", str(sector)),
        carry_over,
        SHOW.format(names=list(FILES)),
        _FIND,
        _READ.format(start=0, end=end, block=MAPPED_BLOCK),
    ]
    (tmp_path / "main.py").write_text("\n".join(code))
    command = [unix_micropython, "main.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    _, *sizes, found = done.stdout.split("\n", len(FILES) + 1)
    assert [int(size) for size in sizes] == [len(data) for data in FILES.values()]
    facts, *lines = found.splitlines()
    assert facts == f"{SIZE} {MAPPED_BLOCK} 1"
    read = b"".join(rom_deploy.a2b_base64(line) for line in lines)
    assert read[: len(image)] == image
