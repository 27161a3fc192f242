import numpy as np
import pytest
from convlet.errors import ModelError
from convlet.graph import Operator, Tensor
from convlet.ops import REGISTRY
from convlet.ops.concatenation import axis_of

SPEC = REGISTRY["CONCATENATION"]


def join(*shapes, axis=1, activation="NONE"):
    """A CONCATENATION of tensors of all but the last of these shapes, which is the output's."""
    tensors = [Tensor("x", shape[1:], np.ones(1, np.float32), 0, batch=shape[0]) for shape in shapes]
    return Operator("CONCATENATION", 2, tensors[:-1], tensors[-1], {"axis": axis, "activation": activation})


def test_axes_are_counted_from_the_last():
    shapes = (1, 2, 3, 4), (1, 2, 3, 4)
    assert [axis_of(join(*shapes, axis=axis)) for axis in (1, 2, 3, -1, -3)] == [3, 2, 1, 1, 3]


def test_values_keep_their_order():
    operator = join((1, 2, 1), (1, 2, 2), (1, 2, 3), axis=2)
    parts = np.array([[[1], [2]]], np.int8), np.array([[[3, 4], [5, 6]]], np.int8)
    assert SPEC.reference(operator, parts).tolist() == [[[1, 3, 4], [2, 5, 6]]]


@pytest.mark.parametrize(
    ("operator", "text"),
    [
        (join((1, 2, 3), (1, 2, 3), (1, 4, 3), axis=3), "has axis 3 of 3"),
        (join((1, 2, 3), (1, 2, 3), (1, 5, 3)), r"makes \[1, 5, 3\] of \[1, 2, 3\] and others"),
        (join((1, 2, 3), (1, 2, 4), (1, 4, 3)), r"makes \[1, 4, 3\] of \[1, 2, 4\] and others"),
        (join((1, 2, 3), (1, 2), (1, 2, 3)), r"makes \[1, 2, 3\] of \[1, 2, 3\] and others"),
        (join((1, 2, 3), (1, 2, 3), (1, 4, 3), activation="RELU"), "a fused activation"),
        (
            join((1, 2, 1, 3, 4), (1, 2, 1, 3, 4), (1, 2, 2, 3, 4), axis=2),
            "along axis 2 of 5, which is not supported",
        ),
    ],
)
def test_what_does_not_fit_is_refused(operator, text):
    with pytest.raises(ModelError, match=rf"operator 2 \(CONCATENATION\).*{text}"):
        SPEC.check(operator)


def test_constants_of_other_types_are_refused():
    operator = join((1, 2, 3), (1, 2, 3), (1, 4, 3))
    operator.inputs[1].data = np.zeros((1, 2, 3), np.int32)
    with pytest.raises(ModelError, match="reads constants only, or one that is not int8"):
        SPEC.check(operator)
