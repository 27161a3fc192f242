import convlet
import numpy as np
import pytest
from convlet.compile import compile_tflite
from convlet.format import OPERATOR
from convlet.ops import elementwise
from cvl_edit import edited, field, patched
from elementwise_models import ElementwiseChain, binary_models, elementwise_chain
from exactness import assert_exact, assert_exact_on_inputs
from hypothesis import given, settings
from operator_models import images_of


@settings(max_examples=700, deadline=None, derandomize=True)
@given(binary_models())
def test_random_operators_are_exact(model):
    assert_exact_on_inputs(model.tflite, model.shapes, model.seed)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(binary_models(("ADD", "SUB")))
def test_sums_without_the_shortcut_are_exact(model):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elementwise, "find_weighted_sum", lambda *_: None)
        assert_exact_on_inputs(model.tflite, model.shapes, model.seed)


def test_a_chain_in_small_rings_is_exact():
    compiled = compile_tflite(elementwise_chain().build())
    kinds = {node.kind for node in compiled.program.nodes}
    assert {"ADD", "WEIGHTED_SUM", "MUL", "PRELU", "MAXIMUM", "LOOKUP", "SOFTMAX"} <= kinds
    assert_exact(elementwise_chain().build(), (6, 5, 4), seed=1)


def test_a_tensor_with_itself_is_exact():
    for kind in ("ADD", "SUB", "MUL", "MINIMUM"):
        chain = ElementwiseChain((3, 4, 5), scale=0.1, zero_point=7)
        assert_exact(chain.of_two(kind, chain.tensor, 0.3, -20).build(), (3, 4, 5), seed=2)


def two_inputs(kind, shape=(1, 8, 4)):
    """A model of two whole tensors, of which the rings have one row."""
    chain = ElementwiseChain(shape, scale=0.1, zero_point=7)
    other = chain.builder.tensor((1, *shape), 0.07, -3)
    chain.of_two(kind, other, 0.11, 5)
    return compile_tflite(chain.builder.build([chain.input, other], [chain.tensor])).cvl


@pytest.mark.parametrize("kind", ["ADD", "MUL", "MAXIMUM"])
@pytest.mark.parametrize("source", [0, 1])
def test_the_output_may_lie_on_either_input(kind, source):
    cvl, images = two_inputs(kind), [images_of((1, 8, 4), seed)[0] for seed in (1, 2)]
    expected = bytes(convlet.Model(cvl).run(*images))
    in_place = edited(cvl, OPERATOR, 2, offset=field(cvl, OPERATOR, source, "offset"))
    assert bytes(convlet.Model(in_place).run(*images)) == expected


MUL = two_inputs("MUL", (2, 8, 4))
SUM = two_inputs("ADD", (2, 8, 4))
CHAIN = ElementwiseChain((2, 8, 4), scale=0.1, zero_point=7)
CONSTANT = compile_tflite(CHAIN.of_two("MUL", CHAIN.per_channel(0.1, 3), 0.1, 3).build()).cvl


def shift(cvl, operator, index, value):
    at = field(cvl, OPERATOR, operator, "table") + 12 + index
    return patched(cvl, at, value.to_bytes(1, "little", signed=True))


@pytest.mark.parametrize(
    ("damaged", "text"),
    [
        (edited(MUL, OPERATOR, 2, stride_h=2), "its kernel, stride or dilation is 1, expected 1 to 1"),
        (edited(MUL, OPERATOR, 2, parameter=1), "its shape holds 1, expected 1 to 0"),
        (edited(MUL, OPERATOR, 1, height=3, ring_rows=1), "its shape holds 3, expected 1 to 2"),
        (edited(MUL, OPERATOR, 1, width=7), "its shape holds 7, expected 1 to 8"),
        (edited(MUL, OPERATOR, 1, channels=3), "its shape holds 3, expected 1 to 4"),
        (edited(MUL, OPERATOR, 2, table=len(MUL) - 19), f"table ends at byte {len(MUL) + 1} of {len(MUL)}"),
        (edited(CONSTANT, OPERATOR, 1, parameter=8), "its shape holds 8, expected 1 to 7"),
        (
            edited(CONSTANT, OPERATOR, 1, weights=len(CONSTANT) - 3),
            f"its weights end at byte {len(CONSTANT) + 1} of {len(CONSTANT)}",
        ),
        (
            edited(CONSTANT, OPERATOR, 1, weights=len(CONSTANT) - 63, parameter=7),
            f"its weights end at byte {len(CONSTANT) + 1} of {len(CONSTANT)}",
        ),
        (shift(MUL, 2, 0, 31), "a table shifts by 31 bits, expected at most 30"),
        (shift(MUL, 2, 2, -32), "a table shifts by 32 bits, expected at most 31"),
        (shift(SUM, 2, 2, 1), "a table shifts by 1 bits, expected at most 0"),
    ],
)
def test_damages_are_refused(damaged, text):
    with pytest.raises(ValueError, match=text):
        convlet.check(damaged)


def test_the_same_files_load_undamaged():
    for cvl in (MUL, SUM, CONSTANT, shift(MUL, 2, 0, 30), shift(SUM, 2, 2, -31)):
        convlet.check(cvl)
    assert np.asarray(convlet.Model(CONSTANT).run(images_of((2, 8, 4), 1)[0])).shape == (64,)
