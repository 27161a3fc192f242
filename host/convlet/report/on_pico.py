"""The test samples on a Raspberry Pi Pico with our firmware, in its emulator."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convlet import board, emulate, firmware, on_board
from convlet.board import Board
from convlet.compile import Compiled, compile_tflite
from convlet.datasets import Part
from convlet.errors import BoardError
from convlet.firmware import Firmware
from convlet.progress import SILENT, Progress

CLOCK_HZ = 125_000_000
FILE = "model.cvl"

# SysTick around one run, less an empty measurement; see device/cycles.py. It counts 24 bits, down.
_CYCLES = f"""
from array import array
from machine import disable_irq, enable_irq, mem32
import convlet
def _cycles(call, argument):
    before = mem32[0xE000E010], mem32[0xE000E014]
    state = disable_irq()
    mem32[0xE000E014] = 0xFFFFFF
    mem32[0xE000E018] = 0
    mem32[0xE000E010] = 5
    start = mem32[0xE000E018]
    call(argument)
    end = mem32[0xE000E018]
    enable_irq(state)
    mem32[0xE000E010], mem32[0xE000E014] = before[0] & 7, before[1]
    return start - end & 0xFFFFFF
_model = convlet.Model({FILE!r})
_image = array("b", bytes(%d))
_model.run(_image)
_cycles(_model.run, _image)
print(_cycles(_model.run, _image) - _cycles(id, _image))
"""
_MOST_MACS = 1_000_000  # such a model takes at most 16 cycles for each, which the counter holds


@dataclass(frozen=True)
class OnPico:
    """Raw outputs int8[N, values] of the first N test samples, and the cycles of one inference.

    `cycles` is 0 where they are too many for the counter of 24 bits. `note` says it when another file than the
    report's had to be taken, whose size is `cvl_bytes`.
    """

    outputs: NDArray[np.int8]
    cycles: int
    cvl_bytes: int
    note: str = ""


def run_on_pico(
    tflite: bytes, compiled: Compiled, test: Part, count: int, progress: Progress = SILENT
) -> OnPico:
    """Run the first `count` test samples on the emulated Pico: `compiled`, or what is smaller if that is too large.

    Raises ToolError and BoardError.
    """
    built = firmware.build("pico", progress=progress)
    try:
        return _run(built, compiled, test, count, progress)
    except BoardError as error:
        if "MemoryError" not in str(error):
            raise
    smaller = compile_tflite(tflite, prefer="ram")
    note = (
        f"The Pico's heap has no room for the file of {len(compiled.cvl):,} bytes: there it is that of "
        f"convlet compile --prefer ram, {len(smaller.cvl):,} bytes."
    )
    progress.detail(note)
    return replace(_run(built, smaller, test, count, progress), note=note)


def _run(built: Firmware, compiled: Compiled, test: Part, count: int, progress: Progress) -> OnPico:
    progress.step("Booting MicroPython on an emulated Raspberry Pi Pico")
    with (
        emulate.pico(built.image, {FILE: compiled.cvl}) as pico,
        board.connect(pico.port) as connected,
    ):
        cycles = _count_cycles(connected, compiled)
        progress.step(f"Running {min(count, len(test)):,} test samples there")
        outputs = on_board.run_images(connected, FILE, test.images[:count], progress=progress)
    return OnPico(outputs, cycles, len(compiled.cvl))


def _count_cycles(connected: Board, compiled: Compiled) -> int:
    if compiled.program.macs > _MOST_MACS:
        return 0
    values = int(np.prod(compiled.graph.inputs[0].rows))
    return int(connected.run(_CYCLES % values, seconds=60))
