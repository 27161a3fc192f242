"""The native module on firmware without ours: the scripts of tests/device give what they give with it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import convlet
import numpy as np
import pytest
from convlet import emulate, firmware, native
from convlet.board import Board, connect
from convlet.cvl_file import read_cvl
from convlet.resources import MODULE_FOLDER
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


@on_each_script
def test_unix(script: Path, bare_unix: Path, digits: Digits, tmp_path: Path) -> None:
    modules = native.build("x64").path.parent
    assert run_here(bare_unix, script, digits.cvl.read_bytes(), tmp_path, modules) == "ok\n"


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
            assert run_on(board, script, digits.cvl.read_bytes()) == "ok\n"


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


ARCHITECTURES = {
    "qemu-mps2-an385": "armv7m",
    "qemu-mps2-an386": "armv7emsp",
    "qemu-virt-rv32": "rv32imc",
    "qemu-lx60-xtensa": "xtensawin",
}


@pytest.fixture(scope="module", params=ARCHITECTURES)
def bare_board(request: pytest.FixtureRequest) -> Iterator[Board]:
    """Firmware of QEMU without our module, and the native one in its ROMFS."""
    bare = firmware.build(request.param, with_module=False).image
    module = native.build(ARCHITECTURES[request.param])
    with qemu_with_files(request.param, bare, {"convlet.mpy": module.path.read_bytes()}) as board:
        assert board.run("import convlet\nprint(convlet.__file__)").strip() == "/rom/convlet.mpy"
        yield board


@pytest.fixture
def esp_idfs_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stand-in for it: Debian's, which makes code for register windows, with a library of ours as its libgcc."""
    debians, windowed = "xtensa-lx106-elf-gcc", ["-mabi=windowed", f"-Wa,{MODULE_FOLDER}/xtensa/windowed.s"]
    name = "xtensa-esp32-elf-gcc"
    objects = []
    for source in ("native_divide.c", "xtensa/divide.c", "xtensa/float.c", "xtensa/multiply.c"):
        objects.append(tmp_path / Path(source).name.replace(".c", f"{len(objects)}.o"))
        options = ["-Os", f"-I{MODULE_FOLDER}", "-D__aeabi_fdiv=__divsf3", "-o", objects[-1]]
        subprocess.run([debians, *windowed, *options, "-c", MODULE_FOLDER / source], check=True)
    library = tmp_path / "libgcc.a"
    subprocess.run(["xtensa-lx106-elf-ar", "rc", library, *objects], check=True)
    program = tmp_path / name
    program.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *-print-libgcc-file-name*) echo {library}; exit;; esac\n'
        f'exec {debians} {" ".join(windowed)} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return name


def test_esp_idfs_compiler(esp_idfs_compiler: str, digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose libgcc the module takes instead of functions of ours."""
    architecture = replace(native.ARCHITECTURES["xtensawin"], compilers=(esp_idfs_compiler,))
    monkeypatch.setitem(native.ARCHITECTURES, "xtensawin", architecture)
    module = native.build("xtensawin", operators=read_cvl(digits.cvl.read_bytes()).kernels)
    files = {"convlet.mpy": module.path.read_bytes(), "digits.cvl": digits.cvl.read_bytes()}
    bare = firmware.build("qemu-lx60-xtensa", with_module=False).image
    with qemu_with_files("qemu-lx60-xtensa", bare, files) as board:
        board.run("import convlet\nconvlet.Model('/rom/digits.cvl').selftest()")


@on_each_script
def test_qemu(script: Path, bare_board: Board, digits: Digits) -> None:
    assert run_on(bare_board, script, digits.cvl.read_bytes()) == "ok\n"
