import numpy as np
import pytest
from convlet.compile import compile_tflite
from exactness import assert_exact, assert_exact_on_inputs
from tflite_builder import Builder

WHOLE = (1, 4, 5, 3)


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul"])
def test_two_that_repeat_each_other_are_exact(kind):
    b = Builder()
    rows, columns = b.tensor((1, 4, 1, 3), 0.5, 3), b.tensor((1, 1, 5, 3), 0.25, -9)
    result = b.tensor(WHOLE, 8.0, 7)
    b.operator(kind.upper(), [rows, columns], result, f"{kind}Options")
    tflite = b.build([rows, columns], [result])
    kinds = [node.kind for node in compile_tflite(tflite).program.nodes]
    assert kinds[2] == "COPY" and len(kinds) == 4
    assert_exact_on_inputs(tflite, [(4, 1, 3), (1, 5, 3)], seed=1)


@pytest.mark.parametrize("first", [True, False])
def test_a_constant_of_the_outputs_shape_is_exact(first):
    b = Builder()
    source, result = b.tensor((1, 1, 1, 3), 0.5, 3), b.tensor(WHOLE, 8.0, 7)
    constant = b.constant(np.random.default_rng(1).integers(-128, 128, WHOLE).astype(np.int8), [0.25])
    b.operator("SUB", [constant, source] if first else [source, constant], result, "SubOptions")
    assert_exact(b.build([source], [result]), (1, 1, 3), seed=1)
