"""The test samples on a Raspberry Pi Pico with our firmware, in its emulator."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convlet import board, emulate, firmware, on_board
from convlet.board_profile import PicoProfile, profile_on_pico
from convlet.compile import Compiled, compile_tflite
from convlet.datasets import Part
from convlet.errors import BoardError
from convlet.firmware import Firmware
from convlet.progress import SILENT, Progress

FILE = "model.cvl"


@dataclass(frozen=True)
class OnPico:
    """Raw outputs int8[N, values] of the first N test samples, and the cycles of one inference.

    `note` says it when another file than the report's had to be taken, whose size is `cvl_bytes`.
    """

    outputs: NDArray[np.int8]
    profile: PicoProfile
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
        progress.detail("counting the cycles of one inference")
        profile = profile_on_pico(connected, FILE)
        progress.step(f"Running {min(count, len(test)):,} test samples there")
        outputs = on_board.run_images(connected, FILE, test.images[:count], progress=progress)
    return OnPico(outputs, profile, len(compiled.cvl))
