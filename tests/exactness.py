"""The comparison that every operator must pass: TFLM, the numpy reference and the C engine, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import convlet
import numpy as np
from convlet.compile import Compiled, compile_tflite
from convlet.plan import plan
from convlet.program import lower
from convlet.reference import run_graph
from convlet.schedule import simulate
from convlet.vectors import make_vector
from convlet.writer import write_cvl
from operator_models import images_of, tflm_outputs
from tflite_micro import runtime


def assert_exact(
    tflite: bytes,
    shape: tuple[int, ...],
    seed: int,
    accumulate: bool | None = None,
    prefer: str = "balance",
    weights_in_ram: int = 0,
) -> None:
    """Random and extreme images of this shape give TFLM's output; every operator gives the reference's.

    `accumulate`: whether what can take the rows of its input one by one does so; None: as the planner has it.
    """
    images = images_of(shape, seed)
    # For speed lines stay lines, and windows lie as the model has them.
    compiled = compile_tflite(
        tflite, prefer=prefer if accumulate is None else "speed", weights_in_ram=weights_in_ram
    )
    if accumulate is not None:
        compiled = with_variant(compiled, accumulate)
    model = convlet.Model(compiled.cvl)
    model.selftest()
    for image, expected in zip(images, tflm_outputs(tflite, images), strict=True):
        reference = run_graph(compiled.graph, [image])[compiled.graph.outputs[0]]
        assert reference.ravel().tolist() == expected.ravel().tolist(), "the numpy reference is wrong"
        assert np.asarray(model.run(image)).tolist() == expected.ravel().tolist(), "the engine is wrong"


def with_variant(compiled: Compiled, accumulate: bool, labels: Sequence[str] = ()) -> Compiled:
    """The same model, with every operator accumulating that can, or none that need not."""
    program = lower(compiled.graph)
    if accumulate:
        accumulable = [node.accumulator_bytes is not None for node in program.nodes]
        assert any(accumulable)
        pairs = zip(program.nodes, accumulable, strict=True)
        program = replace(program, nodes=[node.accumulating() if can else node for node, can in pairs])
    planned = plan(program)
    vectors = [
        make_vector(compiled.graph, program, simulate(program, planned.goals), seed) for seed in (1, 2)
    ]
    return Compiled(write_cvl(program, planned, labels, vectors), compiled.graph, program, planned)


def assert_exact_on_inputs(tflite: bytes, shapes: Sequence[tuple[int, ...]], seed: int) -> None:
    """The same for a model with an input of each of the shapes."""
    images = [images_of(shape, seed + i) for i, shape in enumerate(shapes)]
    compiled = compile_tflite(tflite)
    model = convlet.Model(compiled.cvl)
    model.selftest()
    interpreter = runtime.Interpreter.from_bytes(tflite, arena_size=1 << 20)
    for inputs in zip(*images, strict=True):
        for index, image in enumerate(inputs):
            interpreter.set_input(image[np.newaxis], index)
        interpreter.invoke()
        expected = interpreter.get_output(0).ravel().tolist()
        reference = run_graph(compiled.graph, inputs)[compiled.graph.outputs[0]]
        assert reference.ravel().tolist() == expected, "the numpy reference is wrong"
        assert np.asarray(model.run(*inputs)).tolist() == expected, "the engine is wrong"
