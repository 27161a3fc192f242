"""The order of weights that engine/conv2d_wide.c reads."""

import numpy as np
from chain import Chain, program_of
from convlet.ops.wide import bytes_of, pairs_of, words_of


def test_columns_come_first_and_values_in_pairs():
    weights = np.arange(1, 1 + 2 * 3 * 2, dtype=np.int8).reshape(2, 3, 2, 1)  # rows 1 3 5, columns 1 2
    first = [[1, 3], [5, 0], [2, 4], [6, 0]]
    pairs = pairs_of(weights)
    assert pairs.shape == (1, 2, 2, 2, 2)
    assert pairs[0, :, 0].reshape(-1, 2).tolist() == first
    assert pairs[0, :, 1].reshape(-1, 2).tolist() == [[a and a + 6, b and b + 6] for a, b in first]


def test_of_four_channels_the_middle_ones_change_places():
    weights = np.arange(1, 5, dtype=np.int8).reshape(1, 1, 1, 4)
    assert pairs_of(weights)[0, :, 0].tolist() == [[[1, 3], [2, 4]]]
    assert not pairs_of(weights)[0, :, 1].any()


def test_the_first_weight_of_a_word_is_above():
    pairs = np.array([[[[[2, -3], [4, 5]]]]], np.int8)
    assert np.frombuffer(words_of(pairs), "<i4").tolist() == [2 * 65536 - 3, 4 * 65536 + 5]
    assert np.frombuffer(bytes_of(pairs), np.int8).tolist() == [-3, 5, 2, 4]


def test_scratch_holds_columns_and_the_weights_of_two_channels():
    (_, conv, dense) = program_of(Chain((6, 7, 8)).conv(5, padding="SAME").dense(3)).nodes
    assert conv.faster.scratch_bytes == 4 * (9 * 12 + 1 + 4 * 18)
    assert dense.faster.scratch_bytes == 4 * (6 * 7 * 5 // 2 + 1)
    assert len(conv.faster.weights) == 3 * 18 * 8
    assert len(dense.faster.weights) == 2 * 53 * 16


def test_groups_dilations_and_rows_between_keep_the_plain_kernel():
    for chain in (Chain((6, 6, 4)).conv(4, groups=2), Chain((6, 6, 4)).transpose_conv(3, (3, 3), (2, 2))):
        assert program_of(chain).nodes[1].faster is None
