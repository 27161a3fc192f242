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
    """How many of `images` images gave another output than TFLM's, and the first output that TFLM gave."""

    images: int
    reference_mismatches: int
    engine_mismatches: int
    outputs: np.ndarray  # TFLM's, int8[images, values]

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
    output = compiled.graph.outputs[0]
    outputs, reference_mismatches, engine_mismatches = [], 0, 0
    with progress.bar("comparing with TFLM", len(images)) as advance:
        for image in images:
            expected = oracle.run(image)
            reference = run_graph(compiled.graph, image)[output].ravel()
            reference_mismatches += not np.array_equal(reference, expected)
            engine_mismatches += not np.array_equal(np.frombuffer(model.run(*image), np.int8), expected)
            outputs.append(expected)
            advance(1)
    return Verified(len(images), reference_mismatches, engine_mismatches, np.array(outputs))
