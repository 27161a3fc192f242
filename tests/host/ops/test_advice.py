import numpy as np
import pytest
import tflite
from chain import digits_chain
from convlet.errors import ModelError
from convlet.ops import REGISTRY, check_operators
from convlet.ops.advice import INSTEAD, instead_of
from convlet.tflite_reader import read_tflite
from tflite_builder import INT32, Builder

# What people meet who convert a model for the first time.
OFTEN_MET = [
    "ARG_MIN",
    "BATCH_MATMUL",
    "CAST",
    "DIV",
    "ELU",
    "EMBEDDING_LOOKUP",
    "EXP",
    "GATHER",
    "L2_NORMALIZATION",
    "LOG",
    "LSTM",
    "NEG",
    "POW",
    "REDUCE_MIN",
    "RSQRT",
    "SQRT",
    "SQUARED_DIFFERENCE",
    "SVDF",
    "TOPK_V2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "WHILE",
]


def test_there_is_advice_for_what_is_missing_only():
    assert INSTEAD.keys() & REGISTRY.keys() == {"GATHER"}  # of shapes only
    assert set(INSTEAD) <= set(vars(tflite.BuiltinOperator))
    assert set(OFTEN_MET) <= set(INSTEAD)
    assert instead_of(["CONV_2D", "ELU", "ELU", "DIV"]) == (
        " Instead of ELU use RELU, LEAKY_RELU, HARD_SWISH or GELU. Instead of DIV use MUL by the reciprocal."
    )


def test_the_refusal_says_what_to_use_instead():
    graph = read_tflite(digits_chain().build())
    graph.operators[1].kind = "ELU"
    text = r"^not supported yet: operator 1 \(ELU\)\. Instead of ELU use RELU, .* or GELU\.$"
    with pytest.raises(ModelError, match=text):
        check_operators(graph)


def test_outputs_of_another_type_have_advice_too():
    b = Builder()
    source, axis = b.tensor((1, 10), 0.1, 0), b.constant(np.array([1], np.int32))
    result = b.tensor((1,), 1.0, 0)
    b.tensors[result].type = INT32
    b.operator("ARG_MIN", [source, axis], result, "ArgMinOptions", OutputType=INT32)
    with pytest.raises(ModelError, match=r"is INT32, expected INT8: Instead of ARG_MIN use nothing: end the"):
        read_tflite(b.build([source], [result]))


def test_operators_of_several_outputs_have_advice_too():
    b = Builder()
    source, *results = (b.tensor(shape, 0.1, 0) for shape in ((1, 9), (1, 5), (1, 5)))
    b.operators_of("TOPK_V2", [source], results, "TopKV2Options")
    with pytest.raises(
        ModelError, match=r"\(TOPK_V2\) has 2 outputs, expected 1\. Instead of TOPK_V2 use nothing"
    ):
        read_tflite(b.build([source], results))


def test_layers_are_told_by_the_names_of_their_tensors():
    assert instead_of(["NEG"], "model/layer_normalization_1/Neg") == (
        " Instead of LayerNormalization use BatchNormalization, which becomes a part of the layer before it."
    )
    assert instead_of(["NEG"], "model/dense/Neg").startswith(" Instead of NEG use SUB")
