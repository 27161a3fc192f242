"""The boards there are: one table, read by the build, the flasher, the emulator and the commands."""

from __future__ import annotations

from dataclasses import dataclass

from convlet.errors import ToolError

MIB = 1024 * 1024
_NOT_RUN, _NOT_BUILT = "built, not run", "not built here"


@dataclass(frozen=True)
class Storage:
    """Where MicroPython's file system lies in flash; the board's mpconfigboard.h says the same."""

    offset: int
    size: int
    block: int = 4096


@dataclass(frozen=True)
class Uf2:
    """What marks the UF2 file of a board: `family` is the number of its chip, `info` what INFO_UF2.TXT calls it."""

    family: int
    address: int
    info: str


@dataclass(frozen=True)
class Build:
    """How MicroPython is built for a board."""

    port: str  # folder in MicroPython's ports/
    micropython_board: str  # its BOARD or VARIANT; a folder of that name in micropython_module/boards wins
    compiler: str
    product: str  # what the build leaves, relative to its folder: the file with symbols and sections
    steps: int  # lines that a full build prints, for the progress bar
    link_map: str | None = None  # where the linker lists what takes the flash
    uf2: Uf2 | None = None
    image: str | None = None  # what the build leaves to be flashed, where that is not made from the product
    libraries: tuple[
        str, ...
    ] = ()  # folders of MicroPython's lib/ that it needs and that Debian's packages lack
    manifest: str | None = (
        None  # in micropython_module/boards, where the board's own needs what Debian's packages lack
    )
    settings: tuple[str, ...] = ()  # more of make's, as NAME=value
    variables: tuple[tuple[str, str], ...] = ()  # of the build's environment, to which its makefiles add


@dataclass(frozen=True)
class Board:
    """A target of `convlet firmware build`.

    `flash_bytes`: of the whole chip, None where a model's size is no matter. `heap_bytes`: what MicroPython has for
    scripts and models, rounded down; of the RP2 and QEMU boards with our firmware, of the ESP32 family about what the
    port's README names. `rom_bytes`: of the ROMFS, in which models are read in place. `clock_mhz`: as MicroPython sets
    it. `ran_in`: where our firmware for it has run. `esp_chip`: what esptool calls the chip. `qemu`: the command that
    starts it in QEMU, to which the firmware is added.
    """

    name: str
    title: str
    chip: str
    core: str
    clock_mhz: int | None
    flash_bytes: int | None
    heap_bytes: int | None
    flashed_by: str
    ran_in: str
    build: Build
    storage: Storage | None = None
    rom_bytes: int = 0
    esp_chip: str | None = None
    qemu: tuple[str, ...] = ()


def _rp2(
    board: str, steps: int, uf2: Uf2, libraries: tuple[str, ...] = (), manifest: str | None = None
) -> Build:
    return Build(
        port="rp2",
        micropython_board=board,
        compiler="arm-none-eabi-gcc",
        product="firmware.elf",
        steps=steps,
        link_map="firmware.elf.map",
        uf2=uf2,
        libraries=libraries,
        manifest=manifest,
    )


def _esp32(name: str, title: str, chip: str, core: str, flash_mib: int) -> Board:
    """A board of the ESP32 family: clock and flash as the GENERIC boards of MicroPython 1.25 set them."""
    suffix = name.removeprefix("esp32")
    compiler = "riscv32-esp-elf-gcc" if core.startswith("RV32") else f"xtensa-{name}-elf-gcc"
    micropython_board = "ESP32_GENERIC" + (f"_{suffix.upper()}" if suffix else "")
    return Board(
        name=name,
        title=title,
        chip=chip,
        core=core,
        clock_mhz=160,
        flash_bytes=flash_mib * MIB,
        heap_bytes=100_000,
        flashed_by="esptool",
        ran_in=_NOT_BUILT,
        esp_chip=name,
        build=Build(
            port="esp32",
            micropython_board=micropython_board,
            compiler=compiler,
            product="micropython.elf",
            image="firmware.bin",
            libraries=("berkeley-db-1.xx", "micropython-lib"),
            steps=1600,
        ),
    )


def _mps2(
    number: str,
    core: str,
    micropython_board: str,
    *,
    clock_mhz: int | None = None,
    flash_bytes: int | None = None,
    heap_bytes: int | None = None,
) -> Board:
    """One of ARM's MPS2 boards as QEMU has them."""
    return Board(
        name=f"qemu-mps2-an{number}",
        title=f"QEMU's MPS2 AN{number}",
        chip="",
        core=core,
        clock_mhz=clock_mhz,
        flash_bytes=flash_bytes,
        heap_bytes=heap_bytes,
        flashed_by="",
        ran_in="QEMU",
        build=Build(
            port="qemu",
            micropython_board=micropython_board,
            compiler="arm-none-eabi-gcc",
            product="firmware.elf",
            steps=187,
            link_map="firmware.map",
        ),
        qemu=("qemu-system-arm", "-machine", f"mps2-an{number}"),
    )


_RP2040 = Uf2(family=0xE48BFF56, address=0x10000000, info="RPI-RP2")
_RP2350 = Uf2(family=0xE48BFF59, address=0x10000000, info="RP2350")

BOARDS = {
    board.name: board
    for board in (
        Board(
            name="pico",
            title="Raspberry Pi Pico",
            chip="RP2040",
            core="Cortex-M0+",
            clock_mhz=125,
            flash_bytes=2 * MIB,
            heap_bytes=240_000,
            flashed_by="UF2",
            ran_in="rp2040py",
            build=_rp2("CONVLET_PICO", 452, _RP2040),
            storage=Storage(offset=1 * MIB, size=1 * MIB),
            rom_bytes=256 * 1024,
        ),
        Board(
            name="pico-stock",
            title="Raspberry Pi Pico as MicroPython defines it",
            chip="RP2040",
            core="Cortex-M0+",
            clock_mhz=125,
            flash_bytes=2 * MIB,
            heap_bytes=240_000,
            flashed_by="UF2",
            ran_in="rp2040py",
            build=_rp2("RPI_PICO", 452, _RP2040, manifest="CONVLET_PICO/manifest.py"),
            storage=Storage(offset=640 * 1024, size=1408 * 1024),
        ),
        Board(
            name="pico-w",
            title="Raspberry Pi Pico W",
            chip="RP2040",
            core="Cortex-M0+",
            clock_mhz=125,
            flash_bytes=2 * MIB,
            heap_bytes=180_000,  # less than the Pico's by what Wi-Fi takes; not measured
            flashed_by="UF2",
            ran_in=_NOT_BUILT,
            build=_rp2("RPI_PICO_W", 700, _RP2040, ("cyw43-driver", "lwip", "btstack", "micropython-lib")),
        ),
        Board(
            name="pico2",
            title="Raspberry Pi Pico 2",
            chip="RP2350",
            core="Cortex-M33",
            clock_mhz=150,
            flash_bytes=4 * MIB,
            heap_bytes=490_000,
            flashed_by="UF2",
            ran_in=_NOT_RUN,
            build=_rp2("CONVLET_PICO2", 450, _RP2350),
            storage=Storage(offset=2 * MIB, size=2 * MIB),
            rom_bytes=1 * MIB,
        ),
        _esp32("esp32", "ESP32 (WROOM-32)", "ESP32", "Xtensa LX6", flash_mib=4),
        _esp32("esp32s2", "ESP32-S2", "ESP32-S2", "Xtensa LX7", flash_mib=4),
        _esp32("esp32s3", "ESP32-S3", "ESP32-S3", "Xtensa LX7", flash_mib=8),
        _esp32("esp32c3", "ESP32-C3", "ESP32-C3", "RV32IMC", flash_mib=4),
        _esp32("esp32c6", "ESP32-C6", "ESP32-C6", "RV32IMAC", flash_mib=4),
        Board(
            name="unix",
            title="this computer (unix port)",
            chip="",
            core="",
            clock_mhz=None,
            flash_bytes=None,
            heap_bytes=None,
            flashed_by="",
            ran_in="Linux",
            build=Build(
                port="unix",
                micropython_board="CONVLET_UNIX",
                compiler="gcc",
                product="micropython",
                steps=238,
                # A WebREPL, through which tests deploy as to a board with a network.
                settings=("CFLAGS_EXTRA=-DMICROPY_PY_WEBREPL=1 -DMICROPY_PY_OS_DUPTERM=1 -Wno-sign-compare",),
            ),
        ),
        _mps2("385", "Cortex-M3", "MPS2_AN385", clock_mhz=25, flash_bytes=4 * MIB, heap_bytes=143_360),
        _mps2("386", "Cortex-M4", "CONVLET_MPS2_AN386"),
        _mps2("500", "Cortex-M7", "CONVLET_MPS2_AN500"),
        _mps2("505", "Cortex-M33", "CONVLET_MPS2_AN505"),
        Board(
            name="qemu-virt-rv32",
            title="QEMU's virt",
            chip="",
            core="RV32IMC",
            clock_mhz=None,
            flash_bytes=None,
            heap_bytes=None,
            flashed_by="",
            ran_in="QEMU",
            build=Build(
                port="qemu",
                micropython_board="VIRT_RV32",
                compiler="riscv64-unknown-elf-gcc",
                product="firmware.elf",
                steps=187,
                link_map="firmware.map",
                # Debian's assembler takes the control registers for an extension of their own unless told of the older
                # standard, in which rv32imac has them.
                settings=("RV32_ARCH=rv32imac", "MICROPY_PY_BTREE=0", "MPY_CROSS_FLAGS=-march=rv32imc"),
                variables=(("AFLAGS", "-misa-spec=2.2"),),
            ),
            qemu=("qemu-system-riscv32", "-machine", "virt", "-bios", "none"),
        ),
        Board(
            name="qemu-lx60-xtensa",
            title="QEMU's LX60",
            chip="",
            core="Xtensa 233L",
            clock_mhz=None,
            flash_bytes=None,
            heap_bytes=None,
            flashed_by="",
            ran_in="QEMU",
            build=Build(
                port="qemu",
                micropython_board="CONVLET_LX60",
                compiler="xtensa-lx106-elf-gcc",
                product="firmware.elf",
                steps=187,
                link_map="firmware.map",
                settings=("MICROPY_PY_BTREE=0",),
            ),
            qemu=("qemu-system-xtensa", "-machine", "lx60", "-cpu", "de233_fpu"),
        ),
    )
}


def find(name: str) -> Board:
    """The board called `name`. Raises ToolError listing the names there are.

    >>> find("pico").title, find("pico").core
    ('Raspberry Pi Pico', 'Cortex-M0+')
    """
    try:
        return BOARDS[name]
    except KeyError:
        raise ToolError(f"no board is called {name}; there are: {', '.join(BOARDS)}") from None
