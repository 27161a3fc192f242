"""The order of weights that engine/conv2d_wide.c reads, its scratch, and which nodes have the form."""

from dataclasses import replace

import convlet
import numpy as np
import pytest
from chain import Chain, program_of
from convlet.format import HEADER, OPERATOR, SCALE, WIDE_BYTES, WIDE_SHORT, WIDE_SINGLE, WIDE_TILE
from convlet.ops.wide import bytes_of, pairs_of, single_bytes_of, words_of
from convlet.plan import plan
from convlet.writer import write_cvl
from cvl_edit import edited


def test_columns_come_first_and_values_in_pairs():
    weights = np.arange(1, 1 + 2 * 3 * 2, dtype=np.int8).reshape(2, 3, 2, 1)  # rows 1 3 5, columns 1 2
    first = [[1, 3], [5, 0], [2, 4], [6, 0]]
    pairs = pairs_of(weights)
    assert pairs.shape == (1, 4, 2, 2)
    assert pairs[0, :, 0].tolist() == first
    assert pairs[0, :, 1].tolist() == [[a and a + 6, b and b + 6] for a, b in first]


def test_a_window_of_an_odd_number_of_words_is_filled_up():
    weights = np.arange(1, 7, dtype=np.int8).reshape(1, 1, 3, 2)
    assert pairs_of(weights)[0, :, 0].tolist() == [[1, 2], [3, 4], [5, 6], [0, 0]]


def test_of_four_channels_the_middle_ones_change_places():
    weights = np.arange(1, 5, dtype=np.int8).reshape(1, 1, 1, 4)
    assert pairs_of(weights)[0, :, 0].tolist() == [[1, 3], [2, 4]]
    assert not pairs_of(weights)[0, :, 1].any()


def test_the_first_weight_of_a_word_is_above():
    pairs = np.array([[[[2, -3], [4, 5]], [[6, 7], [-8, 9]]]], np.int8)  # two words of two channels
    words = np.frombuffer(words_of(pairs), "<i4").reshape(2, 2)
    assert words.tolist() == [[2 * 65536 - 3, 4 * 65536 + 5], [6 * 65536 + 7, -8 * 65536 + 9]]
    # As widened: bytes 0 and 2 are the lower and the upper half of the first word, 1 and 3 those of the second.
    assert np.frombuffer(bytes_of(pairs), np.int8).reshape(2, 4).tolist() == [[-3, 5, 2, 4], [7, 9, 6, -8]]
    singles = np.frombuffer(single_bytes_of(pairs), np.int8).reshape(2, 4)
    assert singles.tolist() == [[-3, 7, 2, 6], [5, 9, 4, -8]]


def forms(chain, index=1):
    return program_of(chain).nodes[index].faster


def test_few_channels_and_dense_layers_have_words_and_others_bytes():
    (_, few, many, dense) = program_of(
        Chain((8, 8, 3)).conv(4, padding="SAME").conv(4, padding="SAME").dense(4)
    ).nodes
    flags = [sorted({form.parameter % WIDE_TILE for form in node.faster}) for node in (few, many, dense)]
    assert flags == [
        [WIDE_SHORT],
        [WIDE_SHORT | WIDE_BYTES, WIDE_SHORT | WIDE_BYTES | WIDE_SINGLE],
        [WIDE_SHORT],
    ]
    assert [node.faster[0].parameter // WIDE_TILE for node in (few, many, dense)] == [0, 0, 0]
    assert len(few.faster[0].weights) == 2 * 16 * 8  # pairs of channels, words, two of them in 8 bytes
    assert len(many.faster[0].weights) == 2 * 18 * 4
    assert len(dense.faster[0].weights) == 2 * 128 * 8


def test_a_row_is_made_at_once_or_in_parts():
    chain = Chain((6, 22, 8)).conv(5, (3, 3), (1, 2), "SAME")
    tiles = [form.parameter // WIDE_TILE for form in forms(chain)]
    assert tiles == [0, 6, 4] * 2  # 11 pixels at once, in halves, in thirds; less than 4 are not worth it
    sizes = [form.scratch_bytes for form in forms(chain)]
    assert sizes == [
        4 * ((2 * (tile - 1) + 3) * 12 + 1 + words * 36) for words in (2, 1) for tile in (11, 6, 4)
    ]


def test_what_is_one_pixel_wide_reads_first():
    assert [form.reads_first for form in forms(Chain((4, 4, 4)).dense(3))] == [True]
    assert {form.reads_first for form in forms(Chain((4, 1, 4)).conv(3, (2, 1)))} == {True}
    assert {form.reads_first for form in forms(Chain((4, 2, 4)).conv(3, (2, 1)))} == {False}


@pytest.mark.parametrize(
    "chain",
    [
        Chain((6, 7, 8)).conv(5, padding="SAME"),
        Chain((6, 22, 8)).conv(5, (3, 3), (1, 2), "SAME"),
        Chain((6, 7, 5)).conv(4, (1, 3)),
        Chain((6, 7, 3)).conv(3, (2, 2)),
        Chain((6, 7, 1)).conv(2, (3, 5), (2, 2)),
        Chain((5, 5, 3)).dense(3),
    ],
)
def test_one_byte_of_scratch_less_is_refused(chain):
    program = program_of(chain)
    node = program.nodes[1]
    assert node.faster
    for form in node.faster:
        with_form = replace(program, nodes=[program.nodes[0], form])
        cvl = write_cvl(with_form, plan(with_form))
        convlet.check(cvl)
        exact = edited(cvl, HEADER, arena_bytes=1000000)
        exact = edited(exact, OPERATOR, 1, scratch=1000000 - form.scratch_bytes)
        convlet.check(exact)
        with pytest.raises(
            ValueError, match=r"\(CONV_2D_WIDE\): its ring ends at byte 1000000 of an arena of 999999"
        ):
            convlet.check(edited(exact, HEADER, arena_bytes=999999))


def test_groups_keep_the_plain_kernel():
    assert forms(Chain((6, 6, 4)).conv(4, groups=2)) == ()


def test_an_odd_number_of_channels_has_one_scale_more():
    for form in forms(Chain((6, 7, 8)).conv(5)):
        assert len(form.table) == 6 * SCALE.size
        assert form.table[4 * SCALE.size : 5 * SCALE.size] == form.table[5 * SCALE.size :]
