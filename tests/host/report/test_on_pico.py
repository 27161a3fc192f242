"""The report's numbers of the board: the Pico's firmware in its emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from convlet.board_profile import PicoProfile
from convlet.compile import compile_tflite
from convlet.datasets import Part
from convlet.engine import Model
from convlet.errors import BoardError
from convlet.report import on_pico
from convlet.report.on_pico import OnPico, run_on_pico

if TYPE_CHECKING:
    from conftest import Digits


def test_the_pico_gives_the_engines_bits_and_counts_cycles(digits: Digits) -> None:
    tflite = digits.tflite.read_bytes()
    compiled = compile_tflite(tflite)
    found = run_on_pico(tflite, compiled, Part(digits.images, digits.labels), 5)
    model = Model(compiled.cvl)
    assert found.outputs.tolist() == [np.array(model.run(image)).tolist() for image in digits.images[:5]]
    assert 10_000 < found.profile.cycles < 100_000 and found.profile.runs == 20
    assert [each.kind for each in found.profile.operators] == [node.kind for node in compiled.program.nodes]
    assert sum(each.macs for each in found.profile.operators) == compiled.program.macs
    assert 0 < found.profile.between < 0.1 * found.profile.cycles
    assert (found.cvl_bytes, found.note) == (len(compiled.cvl), "")


def test_what_does_not_fit_the_heap_is_compiled_smaller(
    digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def run(built: Any, compiled: Any, *rest: Any) -> OnPico:
        sizes.append(len(compiled.cvl))
        if len(sizes) == 1:
            raise BoardError("MemoryError: memory allocation failed, allocating 97536 bytes")
        return OnPico(np.zeros((1, 10), np.int8), PicoProfile(1, (), 1), len(compiled.cvl))

    monkeypatch.setattr(on_pico, "_run", run)
    monkeypatch.setattr(on_pico.firmware, "build", lambda *arguments, **options: None)
    tflite = digits.tflite.read_bytes()
    found = run_on_pico(tflite, compile_tflite(tflite), Part(digits.images, digits.labels), 5)
    assert sizes[1] == len(compile_tflite(tflite, prefer="ram").cvl)
    assert (
        f"no room for the file of {sizes[0]:,} bytes: there it is that of convlet compile --prefer ram"
        in found.note
    )
