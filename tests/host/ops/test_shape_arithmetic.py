import numpy as np
import pytest
from convlet.compile import compile_tflite
from convlet.errors import ModelError
from convlet.graph import Operator, Tensor
from convlet.ops import REGISTRY
from convlet.ops.shape_arithmetic import fold
from exactness import assert_exact
from movement_models import flatten_of_free_batch

MASKS = dict.fromkeys(
    ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask", "offset"), 0
)


def known(*values):
    array = np.array(values, np.int32)
    return Tensor("c", array.shape, np.zeros(0), 0, array, None, "INT32")


def operator(kind, *inputs, kind_out="INT32", **options):
    result = Tensor("y", (), np.zeros(0), 0, None, None, kind_out)
    return Operator(kind, 1, list(inputs), result, options)


IMAGE = Tensor("x", (8, 6, 3), np.ones(1, np.float32), 0)


@pytest.mark.parametrize(
    ("kind", "inputs", "options", "values"),
    [
        ("SHAPE", [IMAGE], {}, [1, 8, 6, 3]),
        ("STRIDED_SLICE", [known(1, 8, 6, 3), known(1), known(3), known(1)], MASKS, [8, 6]),
        ("STRIDED_SLICE", [known(1, 8), known(0), known(1), known(1)], MASKS | {"shrink_axis_mask": 1}, 1),
        ("PACK", [known(), known()], {"axis": 1}, [[], []]),
        ("CONCATENATION", [known(1, 2), known(3)], {"axis": 0}, [1, 2, 3]),
        ("GATHER", [known(1, 8, 6), known(0, 2)], {"axis": 0}, [1, 6]),
        ("REDUCE_PROD", [known(2, 8, 6), known(0)], {"keep_dims": False}, 96),
        ("RESHAPE", [known(7), known()], {}, 7),
        ("ADD", [known(1, 2), known(3, 4)], {}, [4, 6]),
        ("SUB", [known(1, 2), known(3, 4)], {}, [-2, -2]),
        ("MUL", [known(1, 2), known(3)], {}, [3, 6]),
    ],
)
def test_shapes_are_computed(kind, inputs, options, values):
    folded = fold(operator(kind, *inputs, **options))
    assert folded.dtype == np.int32 and folded.tolist() == np.array(values).T.tolist()
    assert fold(operator(kind, *inputs, kind_out="INT64", **options)).dtype == np.int64


def test_what_is_not_known_stays():
    assert fold(operator("ADD", IMAGE, known(1), kind_out="INT8")) is None
    assert fold(operator("ADD", IMAGE, known(1))) is None
    assert fold(operator("ABS", known(1))) is None


def test_what_does_not_fit_is_refused():
    with pytest.raises(ModelError, match=r"operator 1 \(ADD\) has inputs that do not fit together"):
        fold(operator("ADD", known(1, 2), known(1, 2, 3)))


def test_shapes_of_values_are_refused():
    gather = operator("GATHER", IMAGE, known(1), kind_out="INT8", axis=0)
    text = r"operator 1 \(GATHER\) is supported for shapes only, .*\. Instead of GATHER use SLICE"
    with pytest.raises(ModelError, match=text):
        REGISTRY["GATHER"].check(gather)


def test_a_flatten_with_a_free_batch_is_exact():
    tflite = flatten_of_free_batch()
    assert [node.kind for node in compile_tflite(tflite).program.nodes] == ["INPUT", "MAX_POOL_2D"]
    assert_exact(tflite, (4, 6, 2), seed=1)


def test_a_shape_as_an_output_is_refused():
    with pytest.raises(ModelError, match="is a constant of type INT32, expected INT8 values"):
        compile_tflite(flatten_of_free_batch(wrong=True))
