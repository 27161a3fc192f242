"""The boards there are: one table, read by the build, the flasher, the emulator and the commands."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    libraries: tuple[str, ...] = ()  # folders of MicroPython's lib/ that it needs and Debian's packages lack
    manifest: str | None = None  # in micropython_module/boards, where the board's own needs such folders


@dataclass(frozen=True)
class Board:
    """A target of `convlet firmware build`.

    `flash_bytes`: of the whole chip, None where a model's size is no matter. `heap_bytes`: what MicroPython has for
    scripts and models, rounded down; of the RP2 boards with our firmware, of the ESP32 family about what the
    port's README names. `rom_bytes`: of the ROMFS, in which models are read in place. `clock_mhz`: as MicroPython sets
    it. `ran_in`: where our firmware for it has run. `esp_chip`: what esptool calls the chip. `qemu`: the command that
    starts it in QEMU, to which the firmware is added.
    """

    name: str
    title: str
    core: str
    ran_in: str
    build: Build
    chip: str = ""
    clock_mhz: int | None = None
    flash_bytes: int | None = None
    heap_bytes: int | None = None
    flashed_by: str = ""
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


_QEMU_COMPILERS = {
    "arm": "arm-none-eabi-gcc",
    "riscv32": "riscv64-unknown-elf-gcc",
    "xtensa": "xtensa-lx106-elf-gcc",
}


def _qemu(name: str, core: str, processor: str, machine: str, *options: str) -> Board:
    """A machine that QEMU emulates, and `options` that it takes."""
    return Board(
        name=f"qemu-{name}",
        title=f"QEMU's {machine}",
        core=core,
        ran_in="QEMU",
        build=Build(
            port="qemu",
            micropython_board=f"CONVLET_{name.upper().replace('-', '_')}",
            compiler=_QEMU_COMPILERS[processor],
            product="firmware.elf",
            steps=191,
            link_map="firmware.map",
        ),
        qemu=(f"qemu-system-{processor}", "-machine", machine, *options),
    )


_RP2040 = Uf2(family=0xE48BFF56, address=0x10000000, info="RPI-RP2")
_RP2350 = Uf2(family=0xE48BFF59, address=0x10000000, info="RP2350")

_PICO = Board(
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
)

BOARDS = {
    board.name: board
    for board in (
        _PICO,
        replace(
            _PICO,
            name="pico-stock",
            title="Raspberry Pi Pico as MicroPython defines it",
            build=_rp2("RPI_PICO", 452, _RP2040, manifest="CONVLET_PICO/manifest.py"),
            storage=Storage(offset=640 * 1024, size=1408 * 1024),
            rom_bytes=0,
        ),
        replace(
            _PICO,
            name="pico-w",
            title="Raspberry Pi Pico W",
            heap_bytes=180_000,  # less than the Pico's by what Wi-Fi takes; not measured
            ran_in=_NOT_BUILT,
            build=_rp2("RPI_PICO_W", 700, _RP2040, ("cyw43-driver", "lwip", "btstack", "micropython-lib")),
            storage=None,
            rom_bytes=0,
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
            core="",
            ran_in="Linux",
            build=Build(
                port="unix",
                micropython_board="CONVLET_UNIX",
                compiler="gcc",
                product="micropython",
                steps=238,
            ),
        ),
        _qemu("mps2-an385", "Cortex-M3", "arm", "mps2-an385"),
        _qemu("mps2-an386", "Cortex-M4", "arm", "mps2-an386"),
        _qemu("mps2-an500", "Cortex-M7", "arm", "mps2-an500"),
        _qemu("mps2-an505", "Cortex-M33", "arm", "mps2-an505"),
        _qemu("virt-rv32", "RV32IMC", "riscv32", "virt", "-bios", "none"),
        _qemu("lx60-xtensa", "Xtensa 233L", "xtensa", "lx60", "-cpu", "de233_fpu"),
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
