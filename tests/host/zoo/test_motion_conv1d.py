"""The motion model is causal, looks back as far as it says, and runs step by step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from convlet.compile import compile_tflite
from convlet.datasets.basic_motions import CLASS_NAMES
from convlet.engine import Model
from convlet.oracle import Oracle
from convlet.zoo.motion_conv1d import WINDOW

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")

CHANGED = 40  # the step whose values are changed


def test_a_step_changes_its_own_answer_and_those_of_its_window(
    untrained_tflite: Callable[[str], bytes],
) -> None:
    model = Model(compile_tflite(untrained_tflite("motion_conv1d")).cvl)
    rng = np.random.default_rng(0)
    differs = np.zeros(100, bool)
    for _ in range(50):
        motion = rng.integers(-128, 128, (100, 6)).astype(np.int8)
        before = np.array(model.run(motion)).reshape(100, 4)
        motion[CHANGED] = -1 - motion[CHANGED]
        differs |= (np.array(model.run(motion)).reshape(100, 4) != before).any(axis=1)
    steps = np.flatnonzero(differs)
    assert (steps.min(), steps.max()) == (CHANGED, CHANGED + WINDOW)


def test_step_by_step_it_gives_what_the_whole_sequence_gives(
    untrained_tflite: Callable[[str], bytes],
) -> None:
    tflite = untrained_tflite("motion_conv1d")
    motion = np.random.default_rng(0).integers(-128, 128, (100, 6)).astype(np.int8)
    expected = Oracle(tflite).run([motion]).reshape(100, 4)
    compiled = compile_tflite(tflite, labels=CLASS_NAMES, stream=True)
    assert compiled.plan.arena_bytes < compile_tflite(tflite, prefer="ram").plan.arena_bytes
    model = Model(compiled.cvl)
    np.testing.assert_array_equal([np.array(model.step(step)) for step in motion], expected)
