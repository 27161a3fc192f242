import numpy as np
import pytest
from convlet.graph import Graph, Operator, Tensor


def tensor(*shape):
    return Tensor("t", shape, np.array([0.5], np.float32), 0)


@pytest.mark.parametrize(
    ("shape", "rows"), [((), (1, 1, 1)), ((7,), (1, 1, 7)), ((3, 7), (1, 3, 7)), ((2, 3, 7), (2, 3, 7))]
)
def test_missing_dimensions_are_one(shape, rows):
    assert tensor(*shape).rows == rows


def test_only_constants_have_values():
    with pytest.raises(AssertionError):
        tensor(1).constant  # noqa: B018
    assert Tensor("t", (1,), np.ones(1), 0, np.array([5])).constant.tolist() == [5]


def test_readers_and_maker():
    source, middle, result = tensor(1), tensor(1), tensor(1)
    first, second = Operator("RESHAPE", 0, [source], middle), Operator("RESHAPE", 1, [middle], result)
    graph = Graph([source], [result], [first, second])
    assert graph.readers(middle) == [second] and graph.readers(result) == []
    assert graph.maker(middle) is first and graph.maker(source) is None
    assert str(second) == "operator 1 (RESHAPE)"
