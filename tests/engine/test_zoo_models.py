"""The zoo's models under the address and undefined behaviour sanitizers, in buffers of exactly the promised size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from convlet.compile import compile_tflite
from convlet.zoo import NAMES
from test_harness import build, run

# TensorFlow's own, of its converter.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


def test_every_model_runs_at_every_alignment(
    tmp_path: Path, untrained_tflite: Callable[[str], bytes]
) -> None:
    harness = build(tmp_path)
    files = [tmp_path / f"{name}.cvl" for name in NAMES]
    for path in files:
        path.write_bytes(compile_tflite(untrained_tflite(path.stem), prefer="ram").cvl)
    refused, ran, passed = run(harness, *files)
    assert (refused, ran) == (0, 4 * len(NAMES))
    # The harness stops after a few hundred steps: selftests that take more are left out.
    assert passed >= 4 * len(NAMES) // 2
