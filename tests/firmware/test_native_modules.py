"""The native module on firmware without ours: the scripts of tests/device give what they give with it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import convlet
import numpy as np
import pytest
from convlet import emulate, firmware, native
from convlet.board import Board, connect
from convlet.cvl_file import read_cvl
from qemu_files import SleepingBoard, sleeping_qemu_with_files
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
def qemu_with_module(name: str, architecture: str) -> Iterator[SleepingBoard]:
    bare = firmware.build(name, with_module=False).image
    files = {"convlet.mpy": native.build(architecture).path.read_bytes()}
    with sleeping_qemu_with_files(name, bare, files) as sleeping:
        with sleeping.awake() as board:
            assert board.run("import convlet\nprint(convlet.__file__)").strip() == "/rom/convlet.mpy"
        yield sleeping


# One board for all scripts of a processor: its start takes longer than most of them.
@pytest.fixture(scope="module")
def sleeping_m3() -> Iterator[SleepingBoard]:
    with qemu_with_module("qemu-mps2-an385", "armv7m") as sleeping:
        yield sleeping


@pytest.fixture(scope="module")
def sleeping_m4() -> Iterator[SleepingBoard]:
    with qemu_with_module("qemu-mps2-an386", "armv7emsp") as sleeping:
        yield sleeping


@pytest.fixture(scope="module")
def sleeping_riscv() -> Iterator[SleepingBoard]:
    with qemu_with_module("qemu-virt-rv32", "rv32imc") as sleeping:
        yield sleeping


@pytest.fixture(scope="module")
def sleeping_xtensa() -> Iterator[SleepingBoard]:
    with qemu_with_module("qemu-lx60-xtensa", "xtensawin") as sleeping:
        yield sleeping


@pytest.fixture
def cortex_m3(sleeping_m3: SleepingBoard) -> Iterator[Board]:
    with sleeping_m3.awake() as board:
        yield board


@pytest.fixture
def cortex_m4(sleeping_m4: SleepingBoard) -> Iterator[Board]:
    with sleeping_m4.awake() as board:
        yield board


@pytest.fixture
def riscv(sleeping_riscv: SleepingBoard) -> Iterator[Board]:
    with sleeping_riscv.awake() as board:
        yield board


@pytest.fixture
def xtensa(sleeping_xtensa: SleepingBoard) -> Iterator[Board]:
    with sleeping_xtensa.awake() as board:
        yield board


def test_a_board_sleeps_between_its_tests(sleeping_m3: SleepingBoard, digits: Digits) -> None:
    """Stopped it takes no processor; awake it goes on where it was."""
    with sleeping_m3.awake() as board:
        board.run("kept = 7")
    assert state_of(sleeping_m3.process) == "T"
    with sleeping_m3.awake() as board:
        assert board.run("print(kept)") == "7\n"


def state_of(process: int) -> str:
    """What Linux says of a process: R and S run or wait, T is stopped."""
    deadline = time.monotonic() + 120
    while True:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        if state == "T" or time.monotonic() > deadline:
            return state
        time.sleep(0.01)


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
    assert "this firmware was built without LOGITS: see convlet firmware build --only" in done.stderr


SMALL_SCRIPT = """
import array, sys
sys.path.insert(0, {modules!r})
import convlet
m = convlet.Model({cvl!r})
m.selftest()
images = open({images!r}, "rb").read()
for at in range(0, len(images), 256):
    image = array.array("f", images[at : at + 256])
    print(bytes(m.run(image)).hex(), m.classify(image))
cvl = open({cvl!r}, "rb").read()
for use in (
    lambda: m.push(image),
    lambda: m.step(image),
    lambda: m.profile(),
    lambda: convlet.Model({other!r}),
    lambda: convlet.Model(memoryview(b"\\0\\0" + cvl)[2:]),
    lambda: convlet.Model(cvl[:-1]),
):
    try:
        use()
    except ValueError as error:
        print(error)
"""


def test_a_module_for_one_model_gives_its_bits_and_names_what_it_lacks(
    bare_unix: Path, digits: Digits, tmp_path: Path
) -> None:
    modules = native.build("x64", operators=read_cvl(digits.cvl.read_bytes()).kernels).path.parent
    images = digits.images.astype(np.float32)
    (tmp_path / "images").write_bytes(images.tobytes())
    stream = Path(__file__).parents[1] / "vectors" / "stream.cvl"
    names = {"modules": modules, "cvl": digits.cvl, "images": tmp_path / "images", "other": stream}
    script = SMALL_SCRIPT.format(**{name: str(path) for name, path in names.items()})
    done = subprocess.run([bare_unix, "-c", script], capture_output=True, text=True)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    model = convlet.Model(digits.cvl)
    for image, line in zip(images, lines, strict=False):
        scores, answer = line.split(" ", 1)
        assert scores == bytes(model.run(image)).hex()
        assert ast.literal_eval(answer) == pytest.approx(model.classify(image))
    parts = ("PUSH", "PUSH", "PROFILE", "STREAM", "UNALIGNED_FILES")
    size = digits.cvl.stat().st_size
    assert lines[len(images) :] == [
        *(f"this firmware was built without {part}: see convlet firmware build --only" for part in parts),
        f"the file has {size - 1} bytes, expected {size}",
    ]


def test_finished_modules_are_reused_and_hold_no_paths() -> None:
    module = native.build("armv6m")
    assert native.build("armv6m") == module
    data = module.path.read_bytes()
    assert len(data) == module.file_bytes and str(Path.home()).encode() not in data
