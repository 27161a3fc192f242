"""Proves a compiled model: TFLM, the numpy reference and the C engine give the same bits on the same
images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convlet.compile import Compiled
from convlet.engine import Model
from convlet.oracle import Oracle
from convlet.progress import SILENT, Progress
from convlet.reference import run_graph


@dataclass(frozen=True)
class Verified:
    """How many of `images` images gave another output than TFLM's, and what TFLM's first output was."""

    images: int
    reference_mismatches: int
    engine_mismatches: int
    outputs: np.ndarray  # TFLM's first, int8[images, values]
    oracle: str  # what stood for TFLM: Oracle.name

    @property
    def exact(self) -> bool:
        return self.reference_mismatches == self.engine_mismatches == 0


def random_images(compiled: Compiled, count: int, seed: int = 0) -> list[list[np.ndarray]]:
    """`count` sets of int8 images, one image for each input of the model.

    >>> from convlet.compile import compile_tflite
    >>> [[image]] = random_images(compile_tflite(Path("digits.tflite").read_bytes()), count=1)
    >>> image.shape, image.dtype.name
    ((8, 8, 1), 'int8')
    """
    rng = np.random.default_rng(seed)
    shapes = [tensor.rows for tensor in compiled.graph.inputs]
    return [[rng.integers(-128, 128, shape).astype(np.int8) for shape in shapes] for _ in range(count)]


def verify(
    tflite: bytes, compiled: Compiled, images: Sequence[Sequence[np.ndarray]], progress: Progress = SILENT
) -> Verified:
    """Run `images` (int8, one for each input of the model) through TFLM, the reference and the engine.

    Raises ToolError when tflite-micro is missing, ValueError when the engine refuses the file or its selftest.

    >>> from convlet.compile import compile_tflite
    >>> tflite = Path("digits.tflite").read_bytes()
    >>> compiled = compile_tflite(tflite)
    >>> result = verify(tflite, compiled, random_images(compiled, 20))
    >>> result.images, result.exact
    (20, True)
    """
    oracle, model = Oracle(tflite), Model(compiled.cvl)
    model.selftest()
    outputs, reference_mismatches, engine_mismatches = [], 0, 0
    with progress.bar("comparing with TFLM", len(images)) as advance:
        for image in images:
            expected = oracle.run_all(image)
            values = run_graph(compiled.graph, image)
            model.run(*image)
            reference_mismatches += not _all_equal(
                [values[t] for t in compiled.graph.outputs], compiled, expected
            )
            engine_mismatches += not _all_equal(list(map(np.asarray, model.outputs)), compiled, expected)
            outputs.append(expected[0])
            advance(1)
    return Verified(len(images), reference_mismatches, engine_mismatches, np.array(outputs), oracle.name)


def stream_outputs(model: Model, series: np.ndarray) -> np.ndarray:
    """int8[outputs, values] of a stream for int8 `series` [rows, ...], when the rows of a step come together."""
    rows = model.input_shape[0]
    steps = (series[i : i + rows] for i in range(0, len(series), rows))
    found = [None if output is None else np.array(output) for output in map(model.step, steps)]
    outputs = [output for output in found if output is not None]
    return np.array(outputs).reshape(len(outputs), -1)


def verify_stream(tflite: bytes, compiled: Compiled, count: int, progress: Progress = SILENT) -> Verified:
    """The same for a model compiled as a stream; `images` of the result are the outputs that were compared.

    Args: `count`, at least 1, random series, each of as many steps as the `.tflite` is for, or of a model that
    remembers what it has seen one series of as many invocations. The reference has as many steps as `compiled.graph`
    is for.
    """
    oracle, model = Oracle(tflite), Model(compiled.cvl)
    model.selftest()
    source, output = compiled.graph.inputs[0], compiled.graph.outputs[0]
    rows = oracle.input_values(0) // math.prod(source.rows[1:])
    invocations = count if compiled.graph.remembers else 1  # of TFLM, for each series
    rng, outputs = np.random.default_rng(0), []
    reference_mismatches = engine_mismatches = 0
    with progress.bar("comparing with TFLM", count) as advance:
        for _ in range(count // invocations):
            model.reset()
            series = rng.integers(-128, 128, (rows * invocations, *source.rows[1:])).astype(np.int8)
            pieces = []
            for piece in np.split(series, invocations):
                pieces.append(oracle.run([piece]).reshape(-1, math.prod(output.rows[1:])))
                advance(1)
            expected = np.concatenate(pieces)
            known = np.resize(series, source.rows)
            reference = run_graph(compiled.graph, [known])[output].reshape(-1, expected.shape[1])
            both = min(len(reference), len(expected))
            reference_mismatches += int((reference[:both] != expected[:both]).any(axis=1).sum())
            engine_mismatches += int((stream_outputs(model, series) != expected).any(axis=1).sum())
            outputs.append(expected)
    values = np.concatenate(outputs)
    return Verified(len(values), reference_mismatches, engine_mismatches, values, oracle.name)


def _all_equal(found: Sequence[np.ndarray], compiled: Compiled, expected: Sequence[np.ndarray]) -> bool:
    """Whether int8 outputs are TFLM's; where that gives classes, whether they are those of the greatest scores."""
    pairs = zip(found, compiled.graph.outputs, expected, strict=True)
    return all(
        np.array_equal(
            values.ravel() if wanted.dtype == np.int8 else values.reshape(-1, tensor.rows[2]).argmax(axis=1),
            wanted,
        )
        for values, tensor, wanted in pairs
    )
