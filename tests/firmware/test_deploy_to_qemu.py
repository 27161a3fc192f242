"""Firmware without our module, of three processors: `convlet deploy` asks which it is, and the model classifies."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import convlet
import pytest
from convlet import emulate, firmware, native, rom_deploy
from convlet.board import connect
from convlet.board_classifier import BoardClassifier
from convlet.deploy import deploy, roll_back
from convlet.emulate import EmulatedBoard
from convlet.errors import BoardError
from convlet.native import PLACE
from convlet.rom_deploy import UPDATE, deploy_to_rom

if TYPE_CHECKING:
    from conftest import Digits

VECTORS = Path(__file__).parents[1] / "vectors"
ARCHITECTURES = {
    "qemu-mps2-an386": "armv7emsp",
    "qemu-virt-rv32": "rv32imc",
    "qemu-lx60-xtensa": "xtensawin",
}


@pytest.fixture(params=ARCHITECTURES)
def bare_board(request: pytest.FixtureRequest) -> Iterator[tuple[EmulatedBoard, str]]:
    """A board without our module and without files, and which native module it takes."""
    bare = firmware.build(request.param, with_module=False).image
    with emulate.qemu(request.param, bare) as running:
        yield running, ARCHITECTURES[request.param]


def test_to_files_and_to_the_romfs(bare_board: tuple[EmulatedBoard, str], digits: Digits) -> None:
    running, architecture = bare_board
    done = deploy(digits.cvl, running.port)
    assert (done.sent_bytes, done.keeps_previous) == (digits.cvl.stat().st_size, False)
    assert deploy_to_rom(digits.cvl, running.port).name == "/rom/digits.cvl"
    expected = convlet.Model(digits.cvl)
    with connect(running.port) as board:
        board.check_file(PLACE, native.build(architecture).path.read_bytes())
        for name in ("digits.cvl", "/rom/digits.cvl"):
            board.run(f"import convlet\nMODEL = convlet.Model({name!r})")
            classifier = BoardClassifier(board)
            for image in digits.images[:4]:
                [(label, probability)] = classifier.classify(image)
                assert (label, pytest.approx(probability)) == expected.classify(image)


@pytest.fixture
def cortex_m4() -> Iterator[EmulatedBoard]:
    with emulate.qemu("qemu-mps2-an386", firmware.build("qemu-mps2-an386").image) as running:
        yield running


def test_command_installs_for_one_model(digits: Digits) -> None:
    bare = firmware.build("qemu-lx60-xtensa", with_module=False).image
    with emulate.qemu("qemu-lx60-xtensa", bare) as running:
        command = [sys.executable, "-m", "convlet.cli", "native", "install", "--port", running.port]
        done = subprocess.run([*command, "--only", digits.cvl], capture_output=True, text=True, check=True)
        assert f"{PLACE}: " in done.stdout and "bytes for xtensawin; takes" in done.stdout
        with connect(running.port) as board:
            board.run("import convlet")


def test_previous_model_comes_back(cortex_m4: EmulatedBoard, digits: Digits) -> None:
    other = VECTORS / "padded.cvl"
    deploy(other, cortex_m4.port, name="m.cvl")
    assert deploy(digits.cvl, cortex_m4.port, name="m.cvl").keeps_previous
    roll_back(cortex_m4.port)
    with connect(cortex_m4.port) as board:
        board.check_file("m.cvl", other.read_bytes())


def test_romfs_of_which_half_is_written(cortex_m4: EmulatedBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next deploy, of another model, finishes it first."""
    whole = rom_deploy._CARRY_OVER_MAPPED
    broken = whole.replace('print(end="..")\n', "raise OSError(5)\n")
    assert broken != whole
    monkeypatch.setattr(rom_deploy, "_CARRY_OVER_MAPPED", broken)
    with pytest.raises(BoardError, match=rf"or nothing and {UPDATE} its files, which the next deploy puts"):
        deploy_to_rom(VECTORS / "stream.cvl", cortex_m4.port)
    monkeypatch.undo()
    deploy_to_rom(VECTORS / "padded.cvl", cortex_m4.port)
    with connect(cortex_m4.port) as board:
        assert board.run("import os\nprint(os.listdir('/rom'), os.listdir('/'))") == (
            "['stream.cvl', 'padded.cvl'] ['rom']\n"
        )
        board.run("import convlet\nconvlet.Model('/rom/stream.cvl').selftest()")
