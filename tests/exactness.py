"""The comparison that every operator must pass: TFLM, the numpy reference and the C engine, bit for bit."""

from __future__ import annotations

from dataclasses import replace

import convlet
import numpy as np
from convlet.compile import Compiled, compile_tflite
from convlet.plan import plan
from convlet.reference import run_graph
from convlet.vectors import make_vector
from convlet.writer import write_cvl
from operator_models import images_of, tflm_outputs


def assert_exact(tflite: bytes, shape: tuple[int, ...], seed: int, accumulate: bool = False) -> None:
    """Random and extreme images of this shape give TFLM's output; every operator gives the reference's.

    `accumulate`: with every operator that can taking the rows of its input one by one.
    """
    images = images_of(shape, seed)
    compiled = compile_tflite(tflite)
    if accumulate:
        compiled = accumulating(compiled)
    model = convlet.Model(compiled.cvl)
    model.selftest()
    for image, expected in zip(images, tflm_outputs(tflite, images), strict=True):
        reference = run_graph(compiled.graph, [image])[compiled.graph.outputs[0]]
        assert reference.ravel().tolist() == expected.ravel().tolist(), "the numpy reference is wrong"
        assert np.asarray(model.run(image)).tolist() == expected.ravel().tolist(), "the engine is wrong"


def accumulating(compiled: Compiled) -> Compiled:
    """The same model, with every operator accumulating that can; at least one does."""
    nodes = [
        node if node.accumulator_bytes is None else node.accumulating() for node in compiled.program.nodes
    ]
    assert any(node.accumulates for node in nodes)
    program = replace(compiled.program, nodes=nodes)
    planned = plan(program)
    vector = make_vector(compiled.graph, program, planned.goals, 1)
    return Compiled(write_cvl(program, planned, (), [vector]), compiled.graph, program, planned)
