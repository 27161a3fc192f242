"""Ctrl-C in the middle of an inference: the model is as if it had not been run, and runs again."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import convlet
from bench_models import lenet_chain
from convlet import native
from convlet.compile import compile_tflite

SCRIPT = """
import sys
import convlet
model = convlet.Model({path!r})
image = bytes(28 * 28)
print(list(model.run(image)))
while True:
    try:
        print("running")
        while True:
            model.run(image)
    except KeyboardInterrupt:
        try:
            model.classify()  # works if the signal came between two runs
            print("between")
        except ValueError as error:
            print(error)
            break
print(list(model.run(image)))
print(list(model.push(image)))
"""


def test_ctrl_c_in_firmware(unix_micropython: Path, tmp_path: Path) -> None:
    interrupt(unix_micropython, tmp_path)


def test_ctrl_c_in_the_native_module(bare_unix: Path, tmp_path: Path) -> None:
    (tmp_path / "convlet.mpy").write_bytes(native.build("x64").path.read_bytes())
    interrupt(bare_unix, tmp_path)


def interrupt(micropython: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.cvl"
    path.write_bytes(compile_tflite(lenet_chain().build(), prefer="ram").cvl)
    expected = str(list(convlet.Model(path).run(bytes(28 * 28))))
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(path=str(path)))
    process = subprocess.Popen([micropython, script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    for line in process.stdout:
        lines.append(line)
        if line == "running\n":
            process.send_signal(signal.SIGINT)
    assert process.wait() == 0
    first, *interruptions, error, again, pushed = (line.rstrip() for line in lines)
    assert first == again == pushed == expected
    assert set(interruptions) <= {"running", "between"}
    assert error == "there is no output yet: give an image, or push all its rows first"
