"""device/imu_gesture.py: a stream of sensor values, from a recording, a fake I2C bus, and an emulated MPU6050."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from convlet import emulate
from convlet.board import RemoteError, connect
from convlet.compile import compile_file, read_labels
from convlet.emulate import EmulatedBoard
from convlet.emulated_mpu6050 import Mpu6050
from convlet.on_board import DEVICE_FOLDER
from convlet.recordings import motion_csv, read_motion
from convlet.trained import trained

SCRIPT = DEVICE_FOLDER / "imu_gesture.py"
DRIVER = DEVICE_FOLDER / "mpu6050.py"
FAKE_MACHINE = Path(__file__).parent / "fake_machine"
READINGS_PER_ROW = 5


@dataclass(frozen=True)
class Motion:
    """A folder with motion_conv1d.cvl, motion.csv and short.csv, which has three seconds each of two motions."""

    folder: Path

    @property
    def model(self) -> Path:
        return self.folder / "motion_conv1d.cvl"

    @property
    def short(self) -> Path:
        return self.folder / "short.csv"

    def recorded(self, name: str, interpreter: str | Path = sys.executable) -> str:
        """What the script prints of a recording on this computer."""
        command = [interpreter, SCRIPT, self.model, self.folder / name]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def motion(tmp_path_factory: pytest.TempPathFactory) -> Motion:
    files = trained("motion_conv1d")
    folder = tmp_path_factory.mktemp("motion")
    compile_file(files.tflite, folder / "motion_conv1d.cvl", read_labels(files.labels), stream=True)
    (folder / "motion.csv").write_text(motion_csv())
    (folder / "short.csv").write_text(motion_csv(("Standing", "Walking"), 30))
    return Motion(folder)


def gestures(printed: str) -> list[tuple[str, str]]:
    return re.findall(r"^ *(\d+\.\d s)  (\S+) +\d+ %$", printed, flags=re.MULTILINE)


def test_recording_on_this_computer(motion: Motion, unix_micropython: Path) -> None:
    printed = motion.recorded("motion.csv", unix_micropython)
    assert printed == motion.recorded("motion.csv")
    assert [name for _, name in gestures(printed)][-4:] == ["Running", "Walking", "Standing", "Badminton"]
    assert printed.endswith(" 25.0 s  the end\n")


def test_first_lines_show_what_is_printed(motion: Motion) -> None:
    example = re.search(r'"(  0.*?the end)"', SCRIPT.read_text(), flags=re.DOTALL)
    assert example
    shown = "\n".join(line.removeprefix("#").strip() for line in example[1].splitlines())
    assert gestures(shown) == gestures(motion.recorded("motion.csv"))


def test_fake_bus_on_the_unix_port(motion: Motion, unix_micropython: Path, tmp_path: Path) -> None:
    (tmp_path / "readings").write_bytes(readings_of(motion.short))
    environment = os.environ | {"MICROPYPATH": f"{FAKE_MACHINE}:.frozen"}
    command = [unix_micropython, SCRIPT, motion.model]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert gestures(done.stdout) == gestures(motion.recorded("short.csv"))
    assert done.stderr.endswith("OSError: [Errno 5] EIO: the sensor is gone\n")


def readings_of(recording: Path) -> bytes:
    """The bytes that the sensor gives for a recording, set up as mpu6050.py does."""
    rows = read_motion(recording)
    chip = Mpu6050(rows)
    for register, value in ((0x19, 19), (0x1B, 3 << 3), (0x1C, 1 << 3)):
        chip.begin_write(register)
        chip.write(value)
    readings = bytearray()
    for _ in range(READINGS_PER_ROW * len(rows)):
        chip.begin_write(0x3B)
        readings += bytes(chip.read() for _ in range(14))
    return bytes(readings)


def pico_files(motion: Motion) -> dict[str, bytes]:
    return {"motion_conv1d.cvl": motion.model.read_bytes(), "mpu6050.py": DRIVER.read_bytes()}


def test_emulated_sensor_on_the_pico(motion: Motion, pico_firmware: Path) -> None:
    expected = gestures(motion.recorded("short.csv"))
    with emulate.pico(pico_firmware, pico_files(motion), motion=motion.short) as running:
        printed = run_until(running, lambda text: text.count("%") == len(expected))
    assert gestures(printed) == expected


def run_until(running: EmulatedBoard, is_enough: Any) -> str:
    """What the script, which knows no end, prints until that is enough."""
    printed = bytearray()

    def stop(data: bytes) -> None:
        printed.extend(data)
        if data == b"\n" and is_enough(printed.decode()):
            board.transport.serial.write(b"\x03")

    with connect(running.port) as board, pytest.raises(RemoteError, match="KeyboardInterrupt"):
        board.run_file(SCRIPT, 60, stop)
    return printed.decode().replace("\r\n", "\n")


def test_no_sensor_on_the_bus(motion: Motion, pico_firmware: Path) -> None:
    said = r"OSError: no MPU6050 answers at 0x68 of I2C\(0, .*answer \[\]"
    with (
        emulate.pico(pico_firmware, pico_files(motion)) as running,
        connect(running.port) as board,
        pytest.raises(RemoteError, match=said),
    ):
        board.run_file(SCRIPT, 60)


def test_emulate_command_refuses_other_recordings(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("1,2\n")
    command = [sys.executable, "-m", "convlet.cli", "emulate", "--motion", tmp_path / "m.csv"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "line 1 of" in done.stderr
