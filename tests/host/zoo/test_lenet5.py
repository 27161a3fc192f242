"""LeNet-5 has the size that other engines are measured with."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from convlet.compile import compile_tflite

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


def test_macs_and_arena(untrained_tflite: Callable[[str], bytes]) -> None:
    compiled = compile_tflite(untrained_tflite("lenet5"), prefer="ram", int8_input=True)
    assert compiled.program.macs == 416_520
    assert compiled.plan.tensor_bytes <= 1236
