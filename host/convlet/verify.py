"""Proves a compiled model: TFLM, the numpy reference and the C engine give the same bits on the same
images.
"""

from __future__ import annotations

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

    @property
    def exact(self) -> bool:
        return self.reference_mismatches == self.engine_mismatches == 0


def random_images(compiled: Compiled, count: int, seed: int = 0) -> list[list[np.ndarray]]:
    """`count` sets of int8 images, one image for each input of the model."""
    rng = np.random.default_rng(seed)
    shapes = [tensor.rows for tensor in compiled.graph.inputs]
    return [[rng.integers(-128, 128, shape).astype(np.int8) for shape in shapes] for _ in range(count)]


def verify(
    tflite: bytes, compiled: Compiled, images: Sequence[Sequence[np.ndarray]], progress: Progress = SILENT
) -> Verified:
    """Run `images` (int8, one for each input of the model) through TFLM, the reference and the engine.

    Raises ToolError when tflite-micro is missing, ValueError when the engine refuses the file or its
    selftest.
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
    return Verified(len(images), reference_mismatches, engine_mismatches, np.array(outputs))


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
