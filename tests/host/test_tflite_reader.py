import random
import warnings

import numpy as np
import pytest
from chain import Chain, digits_chain
from convlet.compile import compile_tflite
from convlet.errors import ConvletError, ModelError
from convlet.tflite_reader import read_tflite
from tflite_builder import FLOAT32, Builder


def assert_refused(data, text):
    with pytest.raises(ModelError, match=text):
        read_tflite(data)


def test_a_model_is_read():
    graph = read_tflite(digits_chain().build())
    kinds = ["CONV_2D", "MAX_POOL_2D", "RESHAPE", "FULLY_CONNECTED"]
    assert [operator.kind for operator in graph.operators] == kinds
    assert [operator.position for operator in graph.operators] == [0, 1, 2, 3]
    (source,), (result,) = graph.inputs, graph.outputs
    assert source.shape == (8, 8, 1) and source.zero_point == -128
    assert source.tensor_scale == np.float32(1 / 255)
    assert result.shape == (10,) and result is graph.operators[-1].output


def test_options_and_constants_are_read():
    conv, pool = read_tflite(
        Chain((9, 9, 2)).conv(3, (3, 2), (2, 1), "SAME").max_pool((4, 3)).build()
    ).operators
    assert conv.options == {
        "padding": "SAME",
        "stride_h": 2,
        "stride_w": 1,
        "dilation_h": 1,
        "dilation_w": 1,
        "activation": "RELU",
    }
    weights, bias = conv.inputs[1:]
    assert weights.constant.shape == (3, 3, 2, 2) and weights.constant.dtype == np.int8
    assert len(weights.scale) == 3 and bias.constant.dtype == np.int32
    assert (pool.options["kernel_h"], pool.options["kernel_w"]) == (4, 3)


@pytest.mark.parametrize(
    "data", [b"", b"T", b"TFL3", b"CVL1" * 20, b"no model at all, but a text", bytes(100)]
)
def test_other_files_are_no_tflite(data):
    assert_refused(data, "not a .tflite file: found ")


def test_float_models_are_refused(digits):
    assert_refused(
        (digits.folder / "digits.float.tflite").read_bytes(), "is FLOAT32, expected INT8: quantise"
    )
    chain = digits_chain()
    chain.builder.tensors[chain.input].type = FLOAT32
    assert_refused(chain.build(), "tensor 'tensor0' is FLOAT32, expected INT8")


def test_other_batches_are_refused():
    chain = digits_chain()
    made = chain.builder.operators[0].outputs[0]
    chain.builder.tensors[made].shape = (4, 6, 6, 8)
    assert_refused(chain.build(), "has batch 4, expected 1")
    chain.builder.tensors[chain.input].shape = (1, 0, 8, 1)
    assert_refused(chain.build(), "tensor 'tensor0' has shape ")


@pytest.mark.parametrize("shape", [(4, 8, 8, 1), (1, 2, 4, 8, 1)])
def test_convolutions_of_other_shapes_are_refused(shape):
    chain = digits_chain()
    chain.builder.tensors[chain.input].shape = shape
    with pytest.raises(ModelError, match=r"operator 0 \(CONV_2D\) reads the tensor 'tensor0' of shape"):
        compile_tflite(chain.build())


@pytest.mark.parametrize("scale", [[], [0.0], [-1.0], [float("nan")], [float("inf")], [1.0, 1.0]])
def test_tensors_need_one_positive_scale(scale):
    chain = digits_chain()
    chain.builder.tensors[chain.input].scale = scale
    assert_refused(chain.build(), "tensor 'tensor0' has scale .*, expected one positive number")


def test_zero_points_are_int8():
    chain = digits_chain()
    chain.builder.tensors[chain.input].zero_point = 128
    assert_refused(chain.build(), "tensor 'tensor0' has zero point 128, expected -128 to 127")


def reshapes(*pairs):
    """A file of RESHAPEs (input, output) between four tensors: 0 is the model's input, 3 its output."""
    b = Builder()
    for _ in range(4):
        b.tensor((1, 4), 1.0, 0)
    for source, result in pairs:
        b.operator("RESHAPE", source, result, "ReshapeOptions")
    return b.build([0], [3])


def test_operators_read_what_is_there():
    assert len(read_tflite(reshapes(([0], 1), ([1], 3))).operators) == 2
    assert_refused(
        reshapes(([2], 3), ([0], 2)), r"operator 0 \(RESHAPE\) reads no tensor, or one that no earlier"
    )
    assert_refused(reshapes(([], 3)), "operator 0 .* reads no tensor")
    assert_refused(reshapes(([3], 3)), "operator 0 .* reads no tensor, or one")
    assert_refused(
        reshapes(([0], 3), ([0], 3)), r"operator 1 \(RESHAPE\) makes tensor 'tensor3', which is there"
    )
    assert_refused(reshapes(([0], 0)), "operator 0 .* makes tensor 'tensor0', which is there already")
    assert_refused(reshapes(([0], 1)), "no operator makes the output 'tensor3'")
    assert_refused(reshapes(([9], 3)), "damaged: tensor 9 of 4")


def test_models_need_inputs_and_outputs():
    chain = digits_chain()
    assert_refused(chain.builder.build([], [chain.tensor]), "0 inputs and 1 outputs")
    assert_refused(chain.builder.build([chain.input], []), "1 inputs and 0 outputs")


def compile_quietly(data):
    """Compile, and let nothing but a ConvletError pass."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of numpy, on absurd scales
        try:
            compile_tflite(data)
        except ConvletError:
            return False
    return True


def test_truncated_files_are_refused(digits):
    """Not every one: behind the last byte that is read a file may end."""
    data = digits.tflite.read_bytes()
    refused = [size for size in range(0, len(data), 3) if not compile_quietly(data[:size])]
    assert len(refused) > len(data) // 3 * 0.6


def test_flipped_bits_break_nothing_else(digits):
    data = digits.tflite.read_bytes()
    chance = random.Random(0)
    for position in range(0, len(data), 3):
        damaged = bytearray(data)
        damaged[position] ^= 1 << chance.randrange(8)
        compile_quietly(bytes(damaged))


def test_many_wrong_bytes_break_nothing_else(digits):
    data = digits.tflite.read_bytes()
    chance = random.Random(1)
    for _ in range(1500):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(data))] = chance.choice(
                [0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)]
            )
        compile_quietly(bytes(damaged))


def split(results):
    """A SPLIT of 6 channels; `results` are its outputs' shapes."""
    b = Builder()
    source, axis = b.tensor((1, 2, 2, 6), 1.0, 0), b.constant(np.array(3, np.int32))
    parts = [b.tensor(shape, 1.0, 0) for shape in results]
    b.operators_of("SPLIT", [axis, source], parts, "SplitOptions", NumSplits=len(parts))
    return b.build([source], parts)


def test_each_output_of_a_split_is_made_by_an_operator_of_its_own():
    graph = read_tflite(split([(1, 2, 2, 2)] * 3))
    assert [(operator.kind, operator.position) for operator in graph.operators] == [("SPLIT", 0)] * 3
    assert [operator.options["part"] for operator in graph.operators] == [0, 1, 2]
    assert [operator.output for operator in graph.operators] == graph.outputs
    assert all(operator.options["parts"] == graph.outputs for operator in graph.operators)


def test_several_outputs_of_others_are_refused():
    b = Builder()
    source, *results = (b.tensor((1, 2, 2, 6), 1.0, 0) for _ in range(3))
    b.operators_of("RESHAPE", [source], results, "ReshapeOptions")
    assert_refused(b.build([source], results), r"operator 0 \(RESHAPE\) has 2 outputs, expected 1")


@pytest.mark.parametrize(
    ("shape", "batch", "rows"),
    [((1, 4, 6), 1, (1, 4, 6)), ((4, 6), None, (1, 4, 6)), ((24,), None, (1, 1, 24)), ((2, 3, 4, 1), None, (6, 4, 1)),
     ((1, 2, 3, 2, 2), 1, (6, 2, 2))],
)  # fmt: skip
def test_moves_make_tensors_of_any_shape(shape, batch, rows):
    chain = Chain((4, 6, 1))
    result = chain.builder.tensor(shape, chain.scale, chain.zero_point)
    chain.builder.operator("RESHAPE", [chain.input], result, "ReshapeOptions")
    tensor = read_tflite(chain.builder.build([chain.input], [result])).outputs[0]
    assert tensor.full_shape == shape and tensor.batch == batch and tensor.rows == rows
