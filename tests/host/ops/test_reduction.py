import numpy as np
import pytest
from chain import Chain
from convlet.errors import ModelError
from convlet.ops import check_operators
from convlet.ops.reduction import kept_rows, reduced_axes
from convlet.passes import keep_reduced_axes, simplify
from convlet.program import lower
from convlet.tflite_reader import read_tflite
from tflite_builder import Builder


def reduction(kind, shape, axes, result, keep=False, scales=(0.5, 0.5)):
    """A model of one reduction; shapes without the batch."""
    b = Builder()
    source, constant = b.tensor((1, *shape), scales[0], 0), b.constant(np.array(axes, np.int32))
    made = b.tensor((1, *result), scales[1], 0)
    b.operator(kind, [source, constant], made, "ReducerOptions", KeepDims=keep)
    return read_tflite(b.build([source], [made]))


@pytest.mark.parametrize(
    ("shape", "axes", "expected", "rows"),
    [
        ((4, 5, 6), [1, 2], (0, 1), (1, 1, 6)),
        ((4, 5, 6), [-2, -3], (0, 1), (1, 1, 6)),
        ((4, 5, 6), [3, -1], (2,), (4, 5, 1)),
        ((5, 6), [1], (1,), (1, 1, 6)),
        ((5, 6), [-1], (2,), (1, 5, 1)),
        ((6,), [1], (2,), (1, 1, 1)),
    ],
)
def test_axes_count_from_the_batch(shape, axes, expected, rows):
    operator = reduction("REDUCE_MAX", shape, axes, [n for n in rows if n > 1] or [1]).operators[0]
    assert reduced_axes(operator) == expected
    assert kept_rows(operator) == rows


@pytest.mark.parametrize("axis", [0, -4, 4, -5])
def test_the_batch_is_not_reduced(axis):
    graph = reduction("MEAN", (4, 5, 6), [axis], (5, 6))
    with pytest.raises(ModelError, match=rf"reduces axes \[{axis}\], expected 1 to 3"):
        check_operators(graph)


def refused(text, kind="MEAN", shape=(4, 5, 6), axes=(1, 2), result=(6,), change=None, **fields):
    graph = reduction(kind, shape, axes, result, **fields)
    if change:
        change(graph.operators[0])
    with pytest.raises(ModelError, match=text):
        check_operators(graph)


def test_reductions_are_checked():
    refused("makes 5 values, expected 6", result=(5,))
    refused("reduces 3 axes, expected at most 2, as TFLM does", axes=(1, 2, 3), result=(1,))
    refused("adds 9000000 values, expected at most 8388608", shape=(3000, 3000, 1), result=(1,))
    refused("another scale or zero point than its input", "REDUCE_MAX", scales=(0.5, 0.25))
    refused("needs constant axes", change=lambda operator: operator.inputs.pop())

    def float_axes(operator):
        operator.inputs[1].data = np.ones(2, np.float32)

    refused("axes of type float32, expected int32", change=float_axes)


def test_axes_that_are_not_kept_are_followed_by_a_reshape_where_rows_are_cut_otherwise():
    def kinds(axes, result, keep=False):
        graph = reduction("SUM", (4, 5, 6), axes, result, keep)
        keep_reduced_axes(graph)
        lower(graph)
        return [operator.kind for operator in graph.operators]

    assert kinds([1, 2], (6,)) == ["SUM"]
    assert kinds([1], (5, 6)) == ["SUM"]
    assert kinds([2], (4, 6)) == kinds([3], (4, 5)) == ["SUM", "RESHAPE"]
    assert kinds([3], (4, 5, 1), keep=True) == ["SUM"]


def test_axes_do_not_change_with_the_dimensions_of_the_input():
    """MEAN over axis 2 of [1, 1, 5, 6], which a RESHAPE that vanishes makes of [1, 5, 6]."""
    b = Builder()
    source, same = b.tensor((1, 5, 6), 0.5, 0), b.tensor((1, 1, 5, 6), 0.5, 0)
    result, constant = b.tensor((1, 1, 6), 0.5, 0), b.constant(np.array([2], np.int32))
    b.operator("MAX_POOL_2D", [source], other := b.tensor((1, 5, 6), 0.5, 0), "Pool2DOptions", **ONE_PIXEL)
    b.operator("RESHAPE", [other], same, "ReshapeOptions")
    b.operator("MEAN", [same, constant], result, "ReducerOptions")
    graph = read_tflite(b.build([source], [result]))
    simplify(graph)
    assert [operator.kind for operator in graph.operators] == ["MAX_POOL_2D", "MEAN"]
    assert lower(graph).nodes[2].shape == (1, 1, 6)


ONE_PIXEL = {"StrideH": 1, "StrideW": 1, "FilterHeight": 1, "FilterWidth": 1}


def test_only_what_reduces_the_height_accumulates():
    def node(axes):
        graph = read_tflite(Chain((4, 5, 6)).reduce("SUM", axes).build())
        simplify(graph)
        return lower(graph).nodes[1]

    assert node([1]).accumulates and node([1]).scratch_bytes == 4 * 5 * 6
    assert node([1, 2]).accumulates and node([1, 2]).scratch_bytes == 4 * 6
    assert node([2]).accumulator_bytes is None and not node([2, 3]).accumulates
