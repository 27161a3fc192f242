import numpy as np
import pytest
from chain import Chain
from convlet.compile import compile_tflite
from convlet.graph import Change
from convlet.passes import compose_tables, drop_identities
from convlet.tflite_reader import read_tflite
from exactness import assert_exact
from hypothesis import given, settings
from hypothesis import strategies as st
from operator_models import zero_points

SHAPE = (2, 16, 8)  # all values several times


def changed(chain, change):
    graph = read_tflite(chain.build())
    return change(graph), [operator.kind for operator in graph.operators], graph


def relu_quantize_logistic():
    chain = Chain(SHAPE, scale=1 / 32, zero_point=-7).function("RELU", 1 / 40, -128)
    return chain.function("QUANTIZE", 1 / 20, 3).function("LOGISTIC", 1 / 256, -128)


def test_three_functions_are_one_table():
    done, kinds, graph = changed(relu_quantize_logistic(), compose_tables)
    assert kinds == ["LOOKUP"] and graph.operators[0].inputs == graph.inputs
    assert done == [
        "operator 0 (RELU) and operator 1 (QUANTIZE)",
        "operator 1 (LOOKUP) and operator 2 (LOGISTIC)",
    ]
    compiled = compile_tflite(relu_quantize_logistic().build())
    assert Change("functions composed into one table", done) in compiled.graph.changes
    assert [node.kind for node in compiled.program.nodes] == ["INPUT", "LOOKUP"]
    assert_exact(relu_quantize_logistic().build(), SHAPE, seed=1)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["RELU", "RELU6", "QUANTIZE", "TANH", "ABS", "LEAKY_RELU"]),
            st.floats(1 / 64, 1 / 16, width=32),
            zero_points,
        ),
        min_size=2,
        max_size=4,
    )
)
def test_composed_functions_are_exact(functions):
    chain = Chain(SHAPE, scale=1 / 32, zero_point=5)
    for kind, scale, zero_point in functions:
        fields = {"Alpha": 0.3} if kind == "LEAKY_RELU" else {}
        chain.function(kind, scale, zero_point, **fields)
    assert len(compile_tflite(chain.build()).program.nodes) <= 2
    assert_exact(chain.build(), SHAPE, seed=2)


def test_an_addition_of_one_number_is_a_function_too():
    chain = Chain(SHAPE, scale=1 / 32, zero_point=0).function("TANH", 1 / 128, 0)
    one = chain.builder.constant(np.full((1, 1, 1, 8), 9, np.int8), [1 / 30])
    chain._layer("ADD", [one], SHAPE, "AddOptions")
    assert changed(chain, compose_tables)[1] == ["LOOKUP"]
    assert_exact(chain.build(), SHAPE, seed=3)


def test_what_others_read_too_stays():
    """The output of RELU is read twice; that of TANH is an output of the model."""
    chain = Chain(SHAPE, scale=1 / 32, zero_point=0).function("RELU")
    chain.joined_with_itself(3).function("TANH", 1 / 128, 0)
    inner = chain.tensor
    chain.function("ABS")
    graph = read_tflite(chain.builder.build([chain.input], [inner, chain.tensor]))
    assert compose_tables(graph) == []
    assert [operator.kind for operator in graph.operators] == ["RELU", "CONCATENATION", "TANH", "ABS"]


@pytest.mark.parametrize("kind", ["RELU", "QUANTIZE"])
def test_a_function_that_changes_nothing_goes(kind):
    """Behind zero point -128 no value is below 0."""
    chain = Chain((4, 16, 8)).max_pool().function(kind).max_pool()
    assert changed(chain, drop_identities)[:2] == ([f"operator 1 ({kind})"], ["MAX_POOL_2D"] * 2)
    assert_exact(chain.build(), (4, 16, 8), seed=4)


def test_a_function_that_changes_the_scale_only_stays():
    """RELU6 clamps its input as it is, whatever the scale of its output."""
    chain = Chain(SHAPE).max_pool().function("RELU6", 1 / 100)
    assert changed(chain, drop_identities)[1] == ["MAX_POOL_2D", "RELU6"]
    assert_exact(chain.build(), SHAPE, seed=5)


def test_a_model_that_does_nothing_keeps_its_operator():
    assert changed(Chain(SHAPE).function("QUANTIZE"), drop_identities)[1] == ["QUANTIZE"]
