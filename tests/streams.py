"""Compares streams with TFLM: every step's output must be the row that the whole series gives at once."""

from __future__ import annotations

import math

import convlet
import numpy as np
from convlet.compile import Compiled, compile_tflite
from convlet.oracle import Oracle
from convlet.reference import run_graph
from convlet.verify import stream_outputs


def series_for(compiled: Compiled, steps: int, seed: int) -> np.ndarray:
    """int8 [steps, width, channels] for a compiled stream."""
    shape = steps, *compiled.graph.inputs[0].rows[1:]
    return np.random.default_rng(seed).integers(-128, 128, shape).astype(np.int8)


def assert_streams(tflite: bytes, steps: int, seed: int = 0) -> Compiled:
    """The stream of a model for `steps` steps is exact for those against TFLM, and for many more against numpy."""
    compiled = compile_tflite(tflite, stream=True)
    model = convlet.Model(compiled.cvl)
    model.selftest()
    series = series_for(compiled, steps, seed)
    expected = Oracle(tflite).run([series])
    found = stream_outputs(model, series).ravel()
    assert np.array_equal(found, expected), (found[:20], expected[:20])
    model.reset()
    assert_long_streams(compiled, model, seed)
    return compiled


def assert_long_streams(compiled: Compiled, model: convlet.Model, seed: int = 0) -> None:
    """A stream much longer than what the engine counts, in pushes of odd sizes, equals the reference in one go."""
    known = compiled.graph.inputs[0].rows[0]
    series = series_for(compiled, known, seed + 1)
    expected = run_graph(compiled.graph, [series])[compiled.graph.outputs[0]]
    rng, most, at, outputs = np.random.default_rng(seed), model.input_shape[0], 0, []
    while at < known:
        rows = series[at : at + int(rng.integers(1, most + 1))]
        at += len(rows)
        output = model.step(rows)
        outputs += [] if output is None else [np.array(output)]
    assert np.array_equal(np.concatenate(outputs), expected.ravel())
    assert len(outputs) == math.prod(expected.shape[:1])
