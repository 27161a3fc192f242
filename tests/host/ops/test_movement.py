import numpy as np
import pytest
from convlet.errors import ModelError
from convlet.graph import Operator, Tensor
from convlet.ops import REGISTRY
from convlet.ops.movement import fill_value, moved_index, pads_of
from convlet.ops.spec import integers
from exactness import assert_exact
from tflite_builder import Builder


def tensor_of(shape, data=None, zero_point=7):
    if data is None:
        return Tensor("x", tuple(shape[1:]), np.ones(1, np.float32), zero_point, batch=shape[0])
    return Tensor("c", data.shape, np.ones(1, np.float32), 0, data, None)


def move(kind, source, result, *constants, **options):
    tensors = [tensor_of(source), *(tensor_of((), np.array(values, np.int32)) for values in constants)]
    return Operator(kind, 3, tensors, tensor_of(result), options)


def moved(operator, x):
    return REGISTRY[operator.kind].reference(operator, [x])


IMAGE = np.arange(24, dtype=np.int8).reshape(1, 2, 3, 4)
MASKS = dict.fromkeys(
    ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask", "offset"), 0
)


def test_tile_repeats_the_whole():
    """TFLite's TILE, which tflite-micro does not have."""
    operator = move("TILE", (1, 2, 3, 4), (1, 4, 9, 4), [1, 2, 3, 1])
    assert (moved(operator, IMAGE) == np.tile(IMAGE, (1, 2, 3, 1))).all()


def test_pads_fill_with_the_zero_point_or_a_constant():
    pads = [[0, 0], [1, 0], [0, 2], [0, 0]]
    operator = move("PAD", (1, 2, 3, 4), (1, 3, 5, 4), pads)
    assert pads_of(operator) == [(0, 0), (1, 0), (0, 2), (0, 0)] and fill_value(operator) == 7
    assert moved(operator, IMAGE)[0, 0].tolist() == np.full((5, 4), 7).tolist()
    operator.kind, operator.inputs = "PADV2", [*operator.inputs, tensor_of((), np.array([-9], np.int8))]
    assert fill_value(operator) == -9 and moved(operator, IMAGE)[0, 0, 0, 0] == -9


def test_places_are_counted_in_the_flat_input():
    index = moved_index(move("SLICE", (1, 2, 3, 4), (1, 1, 2, 4), [0, 1, 1, 0], [1, 1, -1, 4]))
    assert index.tolist() == [[[16, 17, 18, 19], [20, 21, 22, 23]]]
    index = moved_index(move("PAD", (1, 1, 1, 2), (1, 1, 1, 4), [[0, 0], [0, 0], [0, 0], [1, 1]]))
    assert index.tolist() == [[[-1, 0, 1, -1]]]


@pytest.mark.parametrize(
    ("operator", "text"),
    [
        (move("PAD", (1, 2, 2), (1, 4, 2), [[0, 0], [1, 2], [0, 0]]), r"pads \[1, 2, 2\] by .* but makes \[1, 4, 2\]"),
        (move("PAD", (1, 2, 2), (1, 2, 2), [[0, 0], [1, -1], [0, 0]]), "pads .* but makes"),
        (move("PAD", (1, 2, 2), (1, 2, 2), [[0, 0]]), "options that do not fit its input"),
        (move("MIRROR_PAD", (1, 2, 2), (1, 2, 4), [[0, 0], [0, 0], [2, 0]], mode=0), "mirrors 2 values of an axis"),
        (move("TILE", (1, 2, 2), (1, 2, 2), [1, 1, 2**30]), "repeats"),
        (move("TRANSPOSE", (1, 2, 3), (1, 3, 2), [0, 2, 2]), "options that do not fit its input: repeated axis"),
        (move("TRANSPOSE", (1, 2, 3), (1, 2, 3), [0, 2, 1]), r"makes shape \[1, 3, 2\], expected \[1, 2, 3\]"),
        (move("SLICE", (1, 2, 3), (1, 2, 1), [0, 0, -1], [1, 2, 1]), "begins at"),
        (move("SLICE", (1, 2, 3), (1, 2, 3), [0, 0], [1, 2]), "options that do not fit its input"),
        (move("STRIDED_SLICE", (1, 4), (1, 2), [0, 0], [1, 4], [1, 0], **MASKS), "options that do not fit its input"),
        (move("STRIDED_SLICE", (1, 4), (1, 4), [0], [1], [1], **MASKS), "slices 1 axes of 2"),
        (move("STRIDED_SLICE", (1, 4), (1, 4), [0, 0], [1, 4], [1, 1], **MASKS | {"new_axis_mask": 1}), "an ellipsis"),
        (move("STRIDED_SLICE", (1, 4), (1,), [0, 3], [1, 4], [1, -1], **MASKS | {"shrink_axis_mask": 2}), "backwards"),
        (move("STRIDED_SLICE", (1, 4), (1,), [0, 4], [1, 5], [1, 1], **MASKS | {"shrink_axis_mask": 2}), "do not fit"),
        (move("DEPTH_TO_SPACE", (1, 2, 2, 6), (1, 4, 4, 1), block_size=2), "do not fit"),
        (move("SPACE_TO_DEPTH", (1, 3, 2, 1), (1, 1, 1, 4), block_size=0), "do not fit .* by zero"),
        (move("RESIZE_NEAREST_NEIGHBOR", (1, 2, 2, 1), (1, 4, 4, 1), [4, 5]), r"expected \[4, 5\] pixels"),
        (move("RESHAPE", (1, 2, 3), (1, 7)), "makes 7 values of 6"),
        (move("PAD", (1, 2, 2), (1, 2, 2)), "no constant integers as its input 1"),
        (move("TRANSPOSE", (1, 5000, 5000), (1, 5000, 5000), [0, 2, 1]), "moves 25000000 values, expected at most"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(operator, text):
    with pytest.raises(ModelError, match=rf"operator 3 \({operator.kind}\).*{text}"):
        REGISTRY[operator.kind].check(operator)


def test_moves_read_one_computed_tensor():
    operator = move("TRANSPOSE", (1, 2, 3), (1, 3, 2), [0, 2, 1])
    operator.inputs[1] = tensor_of((1, 3))
    with pytest.raises(ModelError, match="reads 2 computed tensors, expected 1"):
        REGISTRY["TRANSPOSE"].check(operator)


def test_integers_are_constants():
    operator = move("PAD", (1, 2), (1, 2), [[0, 0], [0, 0]])
    assert integers(operator, 1).shape == (2, 2)
    operator.inputs[1] = tensor_of((), np.zeros((2, 2), np.float32))
    with pytest.raises(ModelError, match="no constant integers as its input 1"):
        integers(operator, 1)


@pytest.mark.parametrize(("axis", "packed"), [(1, 1), (1, -1), (2, 2), (3, 1), (-1, -3)])
def test_what_is_unpacked_and_packed_is_exact(axis, packed):
    shape = [1, 3, 4, 2]
    part = [size for i, size in enumerate(shape) if i != axis % 4]
    made = part.copy()
    made.insert(packed % 4, shape[axis])
    b = Builder()
    source, result = b.tensor(shape, 0.5, 3), b.tensor(made, 0.5, 3)
    parts = [b.tensor(part, 0.5, 3) for _ in range(shape[axis])]
    b.operators_of("UNPACK", [source], parts, "UnpackOptions", Num=len(parts), Axis=axis)
    b.operator("PACK", parts[::-1], result, "PackOptions", ValuesCount=len(parts), Axis=packed)
    assert_exact(b.build([source], [result]), (3, 4, 2), seed=2)
