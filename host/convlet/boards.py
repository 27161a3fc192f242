"""The boards that firmware is built for: one table, read by the build, the emulator and the commands."""

from __future__ import annotations

from dataclasses import dataclass

from convlet.errors import ToolError


@dataclass(frozen=True)
class Storage:
    """Where MicroPython's file system lies in flash; the board's mpconfigboard.h says the same."""

    offset: int
    size: int
    block: int = 4096


@dataclass(frozen=True)
class Board:
    """A target of `convlet firmware build`."""

    name: str
    title: str
    port: str  # folder in MicroPython's ports/
    micropython_board: str  # its BOARD or VARIANT; a folder of that name in micropython_module/boards wins
    compiler: str
    product: str  # what the build leaves, relative to its folder: the file with symbols and sections
    build_steps: int  # lines that a full build prints, for the progress bar
    link_map: str | None = None  # where the linker lists what takes the flash
    uf2_family: int | None = None
    uf2_address: int = 0
    storage: Storage | None = None
    settings: tuple[str, ...] = ()  # more of make's, as NAME=value
    variables: tuple[tuple[str, str], ...] = ()  # of the build's environment, to which its makefiles add


BOARDS = {
    board.name: board
    for board in (
        Board(
            name="pico",
            title="Raspberry Pi Pico (RP2040, Cortex-M0+)",
            port="rp2",
            micropython_board="CONVLET_PICO",
            compiler="arm-none-eabi-gcc",
            product="firmware.elf",
            link_map="firmware.elf.map",
            build_steps=452,
            uf2_family=0xE48BFF56,
            uf2_address=0x10000000,
            storage=Storage(offset=0x100000, size=0x100000),
        ),
        Board(
            name="unix",
            title="this computer (MicroPython's unix port)",
            port="unix",
            micropython_board="CONVLET_UNIX",
            compiler="gcc",
            product="micropython",
            build_steps=238,
        ),
        Board(
            name="qemu-mps2-an385",
            title="Cortex-M3 in QEMU (MPS2 AN385)",
            port="qemu",
            micropython_board="MPS2_AN385",
            compiler="arm-none-eabi-gcc",
            product="firmware.elf",
            link_map="firmware.map",
            build_steps=187,
        ),
        Board(
            name="qemu-virt-rv32",
            title="RV32IMC in QEMU (virt)",
            port="qemu",
            micropython_board="VIRT_RV32",
            compiler="riscv64-unknown-elf-gcc",
            product="firmware.elf",
            link_map="firmware.map",
            build_steps=187,
            # Debian's assembler takes the control registers for an extension of their own unless told of the older
            # standard, in which rv32imac has them.
            settings=("RV32_ARCH=rv32imac", "MICROPY_PY_BTREE=0", "MPY_CROSS_FLAGS=-march=rv32imc"),
            variables=(("AFLAGS", "-misa-spec=2.2"),),
        ),
    )
}


def find(name: str) -> Board:
    """The board called `name`. Raises ToolError listing the names there are."""
    try:
        return BOARDS[name]
    except KeyError:
        raise ToolError(f"no board is called {name}; there are: {', '.join(BOARDS)}") from None
