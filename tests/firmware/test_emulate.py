"""`convlet emulate` and its context managers: ports, files, and an end without leftovers."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from convlet import boards, emulate
from convlet.board import Board, connect
from convlet.emulate import EmulatedBoard
from convlet.errors import BoardError, ToolError
from convlet.window_cost import window_cost

if TYPE_CHECKING:
    from conftest import Digits

COMMAND = [sys.executable, "-m", "convlet.cli", "emulate"]


def test_pico_on_a_tcp_port_holds_the_files(pico_firmware: Path) -> None:
    with emulate.pico(pico_firmware, {"a.txt": b"hello"}) as running:
        assert re.fullmatch(r"socket://127\.0\.0\.1:\d+", running.port)
        with connect(running.port) as board:
            assert board.run("print(open('a.txt').read())") == "hello\n"
    assert running.process.poll() is not None


def test_pico_on_a_pty_serves_mpremote_again_and_again(pico_firmware: Path) -> None:
    with emulate.pico(pico_firmware, pty=True) as running:
        assert running.port.startswith("/dev/")
        for text in ("one", "two"):
            command = [sys.executable, "-m", "mpremote", "connect", running.port, "exec", f"print('{text}')"]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            assert done.stdout == f"{text}\n"


def test_storage_is_where_the_board_table_says(pico_repl: Board) -> None:
    storage = boards.find("pico").storage
    assert storage is not None
    code = "import rp2, os\nf = rp2.Flash()\nprint(f.ioctl(4, 0) * f.ioctl(5, 0), os.listdir('/'))"
    assert pico_repl.run(code) == f"{storage.size} ['digits.cvl']\n"


def test_model_runs_in_place_from_romfs(pico: EmulatedBoard, digits: Digits, tmp_path: Path) -> None:
    folder = tmp_path / "rom"
    folder.mkdir()
    shutil.copy(digits.cvl, folder / "digits.cvl")
    command = [sys.executable, "-m", "mpremote", "connect", pico.port, "romfs", "-p", "0", "deploy", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "ROMFS0 partition has size 262144 bytes" in done.stdout, done.stdout
    code = (
        "import convlet, gc\ngc.collect()\nbefore = gc.mem_alloc()\nm = convlet.Model('/rom/digits.cvl')\n"
        "print(gc.mem_alloc() - before, m.classify(bytes(64))[0] in m.labels)"
    )
    with connect(pico.port) as board:
        taken, works = board.run(code).split()
    assert works == "True"
    assert int(taken) < digits.cvl.stat().st_size  # the arena and the objects, but no copy of the file


def test_foreign_firmware_is_an_error(tmp_path: Path) -> None:
    image = tmp_path / "not.uf2"
    image.write_bytes(b"no UF2 at all" * 100)
    with pytest.raises(BoardError, match=r"(?s)status 1:.*Invalid UF2"), emulate.pico(image):
        pass


def test_port_in_use_is_an_error(pico: EmulatedBoard, pico_firmware: Path) -> None:
    port = int(pico.port.rpartition(":")[2])
    with (
        pytest.raises(BoardError, match="address already in use"),
        emulate.pico(pico_firmware, tcp_port=port),
    ):
        pass


def test_missing_emulator_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolError, match="qemu-system-arm"), emulate.qemu("qemu-mps2-an385", Path("f.elf")):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_ends_cleanly(number: signal.Signals, pico_firmware: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.cvl"
    model.write_bytes(b"anything")
    command = [*COMMAND, "--firmware", pico_firmware, "--model", model]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = re.search(r"socket://\S+\d", process.stdout.readline())
    assert port
    with connect(port.group()) as board:
        assert board.run("import os\nprint(os.stat('m.cvl')[6])") == "8\n"
    process.send_signal(number)
    assert process.wait(120) == 0
    assert "stopped" in process.stdout.read()
    with pytest.raises(BoardError, match="cannot open"), connect(port.group()):
        pass


def test_command_names_its_port_as_json(pico_firmware: Path) -> None:
    command = [*COMMAND, "--firmware", pico_firmware, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(5)]
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=120)
    found = json.loads("".join(lines))
    assert (found["board"], rest) == ("pico", "")
    assert found["port"].startswith("socket://")


def test_command_shows_what_operators_take(pico_firmware: Path, digits: Digits) -> None:
    command = [*COMMAND, "--firmware", pico_firmware, "--model", digits.cvl, "--profile", "--json"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    kinds = ["INPUT", "CONV_2D_MAX_POOL", "CONV_2D_WIDE"]
    assert [each["kind"] for each in found["operators"]] == kinds
    assert sum(each["cycles"] for each in found["operators"]) + found["between"] == found["cycles"]
    assert found["bytes_read"] == 0
    cost = window_cost(digits.cvl.read_bytes())
    assert cost is not None
    command += ["--window", str(cost.window_bytes)]
    through = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert through["bytes_read"] == cost.bytes_read > 0
    assert through["cycles"] > found["cycles"] + 20 * cost.bytes_read


def test_command_shows_what_a_step_takes(pico_firmware: Path) -> None:
    model = Path(__file__).parents[1] / "vectors" / "stream.cvl"
    command = [*COMMAND, "--firmware", pico_firmware, "--model", model, "--profile"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    step = re.search(r"^one step: ([\d,]+) cycles, [\d.]+ ms at 125 MHz$", printed, re.MULTILINE)
    assert step and 5_000 < int(step.group(1).replace(",", "")) < 50_000


def test_emulator_does_not_outlive_its_parent(pico_firmware: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom convlet import emulate\n"
        "with emulate.pico(Path(sys.argv[1])) as running:\n"
        "    print(running.process.pid, flush=True)\n    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, pico_firmware], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    emulator = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 120
    while _runs(emulator) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(emulator)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process}/stat").read_text().split(")")[1].split()[0]


def test_a_window_is_for_a_profile() -> None:
    done = subprocess.run([*COMMAND, "--window", "4096"], capture_output=True, text=True)
    assert done.returncode == 2 and "--window goes with --profile" in done.stderr


def test_pty_and_tcp_port_exclude_each_other() -> None:
    done = subprocess.run([*COMMAND, "--pty", "--tcp-port", "0"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "exclude each other" in done.stderr


@pytest.mark.parametrize("qemu_board", ["qemu-mps2-an386"], indirect=True)
def test_qemu_runs_python_on_a_cortex_m4_with_dsp_and_floats(qemu_board: Board) -> None:
    code = "import sys\nprint(sys.implementation._machine, 1.5 * 3, 2.0**0.5, sys.implementation._mpy >> 10)"
    assert qemu_board.run(code) == "mps2-an386 with Cortex-M4 4.5 1.414214 7\n"
