from chain import Chain, kinds_after
from convlet.graph import Change
from convlet.passes import (
    merge_moves,
)
from convlet.tflite_reader import read_tflite
from exactness import assert_exact


def test_moves_that_follow_each_other_become_one():
    chain = (
        Chain((4, 6, 2)).conv(3, (1, 1)).pad((1, 1)).transpose(0, 2, 1).pad((0, 1), channels=(1, 0)).conv(2)
    )
    graph, kinds = kinds_after(chain, merge_moves)
    assert kinds == ["CONV_2D", "COPY", "CONV_2D"]
    assert graph.operators[1].inputs == [graph.operators[0].output]
    assert_exact(chain.build(), (4, 6, 2), seed=1)


def test_moves_that_undo_each_other_vanish():
    chain = Chain((4, 6, 2)).conv(3, (1, 1)).transpose(1, 0, 2).transpose(1, 0, 2).conv(2)
    assert kinds_after(chain)[1] == ["CONV_2D", "CONV_2D"]


def test_a_transposition_that_moves_nothing_vanishes():
    """Axes of size 1 change places with others."""
    chain = Chain((1, 9, 2)).conv(3, (1, 1)).transpose(1, 0, 2).conv(2, (2, 1))
    graph, kinds = kinds_after(chain)
    assert kinds == ["CONV_2D", "RESHAPE", "CONV_2D"]
    assert (
        Change("moves merged", ["operator 1 (TRANSPOSE): no value comes to another place"]) in graph.changes
    )
    assert_exact(chain.build(), (1, 9, 2), seed=1)
    assert kinds_after(Chain((4, 1, 1)).max_pool((1, 1), (1, 1)).transpose(0, 2, 1).conv(2, (1, 1)))[1] == [
        "MAX_POOL_2D",
        "CONV_2D",
    ]


def test_moves_in_rows_do_not_read_the_whole_because_of_one_that_must():
    """The transposition reads the pad's whole output; merged, the pad would wait for the whole input too."""
    chain = Chain((4, 6, 2)).conv(3, (1, 1)).transpose(2, 0, 1).pad((1, 0)).conv(2)
    assert kinds_after(chain, merge_moves)[1] == ["CONV_2D", "COPY", "CONV_2D"]
    chain = Chain((4, 6, 2)).space_to_depth(2).pad((1, 0)).max_pool()
    assert kinds_after(chain, merge_moves)[1] == ["SPACE_TO_DEPTH", "PAD", "MAX_POOL_2D"]


def test_moves_that_an_output_needs_stay():
    chain = Chain((4, 6, 2)).conv(3, (1, 1)).pad((1, 0))
    kept = chain.tensor
    graph = read_tflite(chain.transpose(0, 2, 1).builder.build([chain.input], [kept, chain.tensor]))
    merge_moves(graph)
    assert [operator.kind for operator in graph.operators] == ["CONV_2D", "PAD", "TRANSPOSE"]


def test_pads_of_different_values_stay_apart():
    chain = Chain((4, 6, 2)).conv(3, (1, 1)).pad((1, 0))
    chain.zero_point += 1
    assert kinds_after(chain.pad((0, 1)), merge_moves)[1] == ["CONV_2D", "PAD", "PAD"]
