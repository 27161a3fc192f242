"""The comparison that every operator must pass: TFLM, the numpy reference and the C engine, bit for bit."""

from __future__ import annotations

import convlet
import numpy as np
from convlet.compile import compile_tflite
from convlet.reference import run_graph
from operator_models import images_of, tflm_outputs


def assert_exact(tflite: bytes, shape: tuple[int, ...], seed: int) -> None:
    """Random and extreme images of this shape give TFLM's output; every operator gives the reference's."""
    images = images_of(shape, seed)
    compiled = compile_tflite(tflite)
    model = convlet.Model(compiled.cvl)
    model.selftest()
    for image, expected in zip(images, tflm_outputs(tflite, images), strict=True):
        reference = run_graph(compiled.graph, [image])[compiled.graph.outputs[0]]
        assert reference.ravel().tolist() == expected.ravel().tolist(), "the numpy reference is wrong"
        assert np.asarray(model.run(image)).tolist() == expected.ravel().tolist(), "the engine is wrong"
