"""The native module on firmware without ours: the scripts of tests/device give what they give with it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from convlet import emulate, firmware, native
from convlet.board import Board, connect
from convlet.cvl_file import read_cvl
from qemu_files import qemu_with_files
from test_device import SCRIPTS, on_each_script, run_here, run_on

if TYPE_CHECKING:
    from conftest import Digits

RAM_ALLOWED = 38 * 1024  # of the Pico, with all operators
IMPORT_AND_MEASURE = """
import gc
gc.collect()
before = gc.mem_alloc()
import convlet
gc.collect()
print(gc.mem_alloc() - before)
"""


@contextmanager
def qemu_with_module(name: str, architecture: str) -> Iterator[Board]:
    bare = firmware.build(name, with_module=False).image
    with qemu_with_files(name, bare, {"convlet.mpy": native.build(architecture).path.read_bytes()}) as board:
        assert board.run("import convlet\nprint(convlet.__file__)").strip() == "/rom/convlet.mpy"
        yield board


# One board for all scripts of a processor: its start takes longer than most of them.
@pytest.fixture(scope="module")
def cortex_m3() -> Iterator[Board]:
    with qemu_with_module("qemu-mps2-an385", "armv7m") as board:
        yield board


@pytest.fixture(scope="module")
def cortex_m4() -> Iterator[Board]:
    with qemu_with_module("qemu-mps2-an386", "armv7emsp") as board:
        yield board


@pytest.fixture(scope="module")
def riscv() -> Iterator[Board]:
    with qemu_with_module("qemu-virt-rv32", "rv32imc") as board:
        yield board


@pytest.fixture(scope="module")
def xtensa() -> Iterator[Board]:
    with qemu_with_module("qemu-lx60-xtensa", "xtensawin") as board:
        yield board


def run_next(board: Board, script: Path, data: bytes) -> str:
    """Run a script without what the last one left in the board's RAM."""
    board.run("globals().clear()\nimport gc\ngc.collect()")
    return run_on(board, script, data)


@on_each_script
def test_unix(script: Path, bare_unix: Path, digits: Digits, tmp_path: Path) -> None:
    modules = native.build("x64").path.parent
    assert run_here(bare_unix, script, digits.cvl.read_bytes(), tmp_path, modules) == "ok\n"


@on_each_script
def test_cortex_m3(script: Path, cortex_m3: Board, digits: Digits) -> None:
    assert run_next(cortex_m3, script, digits.cvl.read_bytes()) == "ok\n"


@on_each_script
def test_cortex_m4(script: Path, cortex_m4: Board, digits: Digits) -> None:
    assert run_next(cortex_m4, script, digits.cvl.read_bytes()) == "ok\n"


@on_each_script
def test_riscv(script: Path, riscv: Board, digits: Digits) -> None:
    assert run_next(riscv, script, digits.cvl.read_bytes()) == "ok\n"


@on_each_script
def test_xtensa(script: Path, xtensa: Board, digits: Digits) -> None:
    assert run_next(xtensa, script, digits.cvl.read_bytes()) == "ok\n"


def test_pico(stock_pico_firmware: Path, digits: Digits) -> None:
    """Not the scripts that take the emulator longest and show least of the processor."""
    module = native.build("armv6m")
    files = {"convlet.mpy": module.path.read_bytes()}
    with (
        emulate.pico(stock_pico_firmware, files, board_name="pico-stock") as running,
        connect(running.port) as board,
    ):
        ram = int(board.run(IMPORT_AND_MEASURE))
        assert module.code_bytes + module.data_bytes <= ram <= RAM_ALLOWED
        for name in ("api", "images", "ports"):
            script = next(path for path in SCRIPTS if path.stem == name)
            assert run_next(board, script, digits.cvl.read_bytes()) == "ok\n"


def test_install_asks_the_board(stock_pico_firmware: Path, digits: Digits) -> None:
    operators = read_cvl(digits.cvl.read_bytes()).kernels
    files = {"digits.cvl": digits.cvl.read_bytes()}
    with emulate.pico(stock_pico_firmware, files, board_name="pico-stock") as running:
        with connect(running.port) as board:
            module = native.install(board, operators=operators)
            assert module.architecture == "armv6m"
            assert module.code_bytes < 0.7 * native.build("armv6m").code_bytes
        with connect(running.port) as board:
            board.run("import convlet\nconvlet.Model('digits.cvl').selftest()")
            assert board.run("import os\nprint(os.listdir('/lib'))") == "['convlet.mpy']\n"


def test_mpremote_mip_installs_it(stock_pico_firmware: Path, digits: Digits, tmp_path: Path) -> None:
    module = native.build("armv6m", operators=read_cvl(digits.cvl.read_bytes()).kernels)
    (tmp_path / "convlet.mpy").write_bytes(module.path.read_bytes())
    (tmp_path / "package.json").write_text(native.package_json(module))
    with emulate.pico(
        stock_pico_firmware, {"digits.cvl": digits.cvl.read_bytes()}, board_name="pico-stock"
    ) as running:
        command = [sys.executable, "-m", "mpremote", "connect", running.port, "mip", "install"]
        subprocess.run([*command, tmp_path / "package.json"], check=True, capture_output=True)
        with connect(running.port) as board:
            board.run("import convlet\nconvlet.Model('digits.cvl').selftest()")


def test_another_processors_module_is_refused(bare_unix: Path, tmp_path: Path) -> None:
    """What MicroPython itself says; `convlet native install` tells before."""
    (tmp_path / "convlet.mpy").write_bytes(native.build("armv6m").path.read_bytes())
    command = [bare_unix, "-c", "import sys\nsys.path.insert(0, '.')\nimport convlet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert re.search("ValueError: incompatible .mpy arch", done.stderr)


def test_a_model_that_needs_more_is_refused(bare_unix: Path, digits: Digits) -> None:
    modules = native.build("x64", operators=["RESHAPE"]).path.parent
    code = f"import sys\nsys.path.insert(0, {str(modules)!r})\nimport convlet\nconvlet.Model({str(digits.cvl)!r})"
    done = subprocess.run([bare_unix, "-c", code], capture_output=True, text=True)
    assert "this firmware was built without it" in done.stderr


def test_finished_modules_are_reused_and_hold_no_paths() -> None:
    module = native.build("armv6m")
    assert native.build("armv6m") == module
    data = module.path.read_bytes()
    assert len(data) == module.file_bytes and str(Path.home()).encode() not in data
