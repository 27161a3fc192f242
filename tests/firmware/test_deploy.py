"""`convlet deploy` on the emulated Pico: whatever goes wrong, the board keeps the model that it had."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from convlet import board as board_module
from convlet import boards, emulate, native
from convlet.board import connect
from convlet.compile import compile_tflite
from convlet.cvl_file import read_cvl
from convlet.deploy import deploy, roll_back
from convlet.emulate import EmulatedBoard
from convlet.errors import BoardError, ConvletError

if TYPE_CHECKING:
    from conftest import Digits

VECTORS = Path(__file__).parents[1] / "vectors"
OLD = b"the model that was there before"


@pytest.fixture(scope="module")
def model(digits: Digits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A digits.cvl that is small: the emulated Pico takes a thousand bytes a second."""
    path = tmp_path_factory.mktemp("small") / "digits.cvl"
    path.write_bytes(compile_tflite(digits.tflite.read_bytes(), prefer="ram").cvl)
    return path


@pytest.fixture
def pico_with_old(pico_firmware: Path) -> Iterator[EmulatedBoard]:
    with emulate.pico(pico_firmware, {"digits.cvl": OLD}) as running:
        yield running


def files_on(port: str) -> dict[str, bytes]:
    with connect(port) as board:
        code = "import os\nprint({n: open(n, 'rb').read() for n in os.listdir()})"
        return dict(eval(board.run(code)))


def test_new_model_replaces_the_old_one(pico_with_old: EmulatedBoard, model: Path) -> None:
    done = deploy(model, pico_with_old.port)
    size = model.stat().st_size
    assert (done.name, done.size, done.sent_bytes, done.keeps_previous) == ("digits.cvl", size, size, True)
    whole = {"digits.cvl": model.read_bytes(), "digits.cvl.previous": OLD}
    assert files_on(pico_with_old.port) == whole
    assert deploy(model, pico_with_old.port).sent_bytes == 0
    with pytest.raises(BoardError, match=r"not rolled back.*own test of the model failed"):
        roll_back(pico_with_old.port)
    assert files_on(pico_with_old.port) == whole


def test_command_takes_another_name(pico_with_old: EmulatedBoard, model: Path) -> None:
    command = [sys.executable, "-m", "convlet.cli", "deploy", model, "--port", pico_with_old.port]
    done = subprocess.run([*command, "--name", "seven.cvl"], capture_output=True, text=True, check=True)
    assert "seven.cvl is on the board" in done.stdout
    assert files_on(pico_with_old.port) == {"digits.cvl": OLD, "seven.cvl": model.read_bytes()}


def test_json_of_the_command(pico_with_old: EmulatedBoard, model: Path) -> None:
    command = [sys.executable, "-m", "convlet.cli", "deploy", model, "--port", pico_with_old.port]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    data = model.read_bytes()
    assert json.loads(done.stdout) == {
        "name": "digits.cvl",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "sent_bytes": len(data),
        "keeps_previous": True,
    }


def test_damaged_model_fails_its_selftest(pico_with_old: EmulatedBoard, model: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "digits.cvl"
    data = bytearray(model.read_bytes())
    data[600] ^= 1
    damaged.write_bytes(data)
    with pytest.raises(BoardError, match=r"board is as it was.*own test of the model failed: ValueError"):
        deploy(damaged, pico_with_old.port)
    assert files_on(pico_with_old.port) == {"digits.cvl": OLD}


def test_transmission_fault_is_found_by_the_digest(
    pico_with_old: EmulatedBoard, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(data: bytes) -> bytes:
        # One character of the base64 text that carries the file.
        return data.replace(b"_f.write(_d('Q1", b"_f.write(_d('R1")

    assert model.read_bytes().startswith(b"CV")
    change_what_is_sent(monkeypatch, faulty)
    with pytest.raises(
        BoardError, match=r"board is as it was: the file arrived damaged: SHA-256 [0-9a-f]{64} on"
    ):
        deploy(model, pico_with_old.port)
    monkeypatch.undo()
    assert files_on(pico_with_old.port) == {"digits.cvl": OLD}


def test_board_without_the_module(
    stock_pico_firmware: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gets the native one for its processor, here without what the model does not need, and keeps it."""
    needed = read_cvl(model.read_bytes()).kernels
    monkeypatch.setattr(native, "install", partial(native.install, operators=needed))
    with emulate.pico(stock_pico_firmware, {"digits.cvl": OLD}, board_name="pico-stock") as running:
        assert deploy(model, running.port).sent_bytes == model.stat().st_size
        assert deploy(model, running.port).sent_bytes == 0
        with connect(running.port) as board:
            installed = board.run("import os\nprint(os.listdir('/lib'), os.stat('/lib/convlet.mpy')[6])")
    module, whole = native.build("armv6m", operators=needed), native.build("armv6m")
    assert installed == f"['convlet.mpy'] {module.file_bytes}\n"
    assert module.code_bytes < 0.7 * whole.code_bytes


def test_board_that_takes_no_native_module(
    stock_pico_firmware: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "_ASK", "print(0)")
    with emulate.pico(stock_pico_firmware, {"digits.cvl": OLD}, board_name="pico-stock") as running:
        with pytest.raises(
            BoardError, match=r"no module convlet .*could be installed.*convlet firmware build"
        ):
            deploy(model, running.port)
        assert files_on(running.port) == {"digits.cvl": OLD}


def test_full_file_system(pico_firmware: Path, model: Path) -> None:
    storage = boards.find("pico").storage
    assert storage is not None
    filler = bytes(storage.size - 3 * storage.block)  # what littlefs keeps of its own
    with emulate.pico(pico_firmware, {"digits.cvl": OLD, "filler": filler}) as running:
        with pytest.raises(BoardError, match=r"could not store the [\d,]+ bytes .*: 0 bytes are left"):
            deploy(model, running.port)
        with connect(running.port) as board:
            code = "import os\nprint(sorted(os.listdir()), open('digits.cvl', 'rb').read())"
            assert board.run(code) == f"['digits.cvl', 'filler'] {OLD!r}\n"


def test_connection_lost_while_writing(
    pico_with_old: EmulatedBoard, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_the_connection_at(monkeypatch, b"_f.write(")
    with pytest.raises(BoardError, match=r"board is as it was; digits\.cvl\.unproved may be left .*lost"):
        deploy(model, pico_with_old.port)
    monkeypatch.undo()
    left = files_on(pico_with_old.port)
    assert left["digits.cvl"] == OLD
    deploy(model, pico_with_old.port)
    whole = {"digits.cvl": model.read_bytes(), "digits.cvl.previous": OLD}
    assert files_on(pico_with_old.port) == whole


def test_board_that_resets_while_it_is_written_to(
    pico_with_old: EmulatedBoard, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reset(data: bytes) -> bytes:
        if b"_f.write(" in data:
            monkeypatch.undo()
            return b"\x03\x04"  # breaks the command off; then what makes a board at its prompt reset
        return data

    change_what_is_sent(monkeypatch, reset)
    with pytest.raises(BoardError, match=r"digits\.cvl was not deployed, the board is as it was"):
        deploy(model, pico_with_old.port)
    assert files_on(pico_with_old.port)["digits.cvl"] == OLD
    deploy(model, pico_with_old.port)
    assert files_on(pico_with_old.port)["digits.cvl"] == model.read_bytes()


def test_two_deploys_at_once_of_which_one_is_by_ampy(pico_firmware: Path, model: Path) -> None:
    with emulate.pico(pico_firmware, {"digits.cvl": OLD}, pty=True) as running:
        command = [sys.executable, "-m", "convlet.cli", "deploy", model, "--port", running.port, "--via"]
        both = [
            subprocess.Popen([*command, way], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for way in ("ampy", "mpremote")
        ]
        errors = [process.communicate()[1] for process in both]
        for process, error in zip(both, errors, strict=True):
            assert process.returncode == 0 or "is another program using it?" in error
        # Each may have met the other when it opened the port: then none has begun.
        done = any(process.returncode == 0 for process in both)
        assert files_on(running.port)["digits.cvl"] == (model.read_bytes() if done else OLD)
        deploy(model, running.port)
        assert files_on(running.port)["digits.cvl"] == model.read_bytes()


def test_ampy_deploys_and_rolls_back(pico_firmware: Path, model: Path) -> None:
    other = (VECTORS / "padded.cvl").read_bytes()
    with emulate.pico(pico_firmware, {"digits.cvl": other}, pty=True) as running:
        deploy(model, running.port, via="ampy")
        new = model.read_bytes()
        assert files_on(running.port) == {"digits.cvl": new, "digits.cvl.previous": other}
        roll_back(running.port, via="ampy")
        assert files_on(running.port) == {"digits.cvl": other, "digits.cvl.previous": new}


def test_ampy_takes_no_sockets(model: Path) -> None:
    with pytest.raises(BoardError, match="ampy opens serial ports and pseudo-terminals only"):
        deploy(model, "socket://127.0.0.1:9", via="ampy")


def test_connection_lost_while_renaming(
    pico_with_old: EmulatedBoard, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_the_connection_at(monkeypatch, b"def _rename", 2)  # the first makes the previous model
    with pytest.raises(BoardError, match="the board holds one of them, whole"):
        deploy(model, pico_with_old.port)
    monkeypatch.undo()
    assert files_on(pico_with_old.port)["digits.cvl"] in (OLD, model.read_bytes())


def test_ctrl_c_while_writing(
    pico_with_old: EmulatedBoard, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(data: bytes) -> bytes:
        if b"_f.write(" in data:
            monkeypatch.undo()
            raise KeyboardInterrupt
        return data

    change_what_is_sent(monkeypatch, interrupt)
    with pytest.raises(KeyboardInterrupt):
        deploy(model, pico_with_old.port)
    assert files_on(pico_with_old.port) == {"digits.cvl": OLD}


def test_no_board_there(model: Path) -> None:
    with pytest.raises(BoardError, match="cannot open socket://127"):
        deploy(model, "socket://127.0.0.1:9")


def test_no_model_there(tmp_path: Path) -> None:
    with pytest.raises(ConvletError, match=r"cannot read the model .*none\.cvl"):
        deploy(tmp_path / "none.cvl", "socket://127.0.0.1:9")


class Wire:
    """A serial port whose writes pass through a function."""

    def __init__(self, port: Any, change: Any) -> None:
        self.port, self.change = port, change

    def write(self, data: bytes) -> int:
        return int(self.port.write(self.change(data)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.port, name)


def change_what_is_sent(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    open_port = board_module._open_port

    def opened(*arguments: Any, **settings: Any) -> Any:
        transport = open_port(*arguments, **settings)
        transport.serial = Wire(transport.serial, change)
        return transport

    monkeypatch.setattr(board_module, "_open_port", opened)


def lose_the_connection_at(monkeypatch: pytest.MonkeyPatch, text: bytes, times: int = 1) -> None:
    """The cable is pulled in the command that holds `text` for that number of times."""
    left = times

    def cut(data: bytes) -> bytes:
        nonlocal left
        left -= text in data
        if left <= 0:
            raise OSError("the device is gone")
        return data

    change_what_is_sent(monkeypatch, cut)
