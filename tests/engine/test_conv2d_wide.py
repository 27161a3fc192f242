"""The faster convolutions: as exact as the plain ones, and no file makes them leave their buffers."""

from collections import Counter

import convlet
import numpy as np
import pytest
from chain import Chain, digits_chain
from convlet.compile import compile_tflite
from convlet.format import HEADER, OPERATOR, SCALE
from cvl_edit import edited, field, patched
from exactness import assert_exact
from hypothesis import given, settings
from operator_models import conv2d_models, fully_connected_models, images_of

CHAIN = Chain((6, 7, 8)).conv(5, padding="SAME").dense(3)
COMPILED = compile_tflite(CHAIN.build(), prefer="speed")
CVL = edited(COMPILED.cvl, HEADER, arena_bytes=20000)
CONV = 1


@settings(max_examples=400, deadline=None, derandomize=True)
@given(conv2d_models())
def test_random_convolutions_are_exact(model):
    assert_exact(*model, prefer="speed")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(fully_connected_models())
def test_random_dense_layers_are_exact(model):
    assert_exact(*model, prefer="speed")


@pytest.mark.parametrize("channels", range(1, 14))
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 4), (5, 1), (1, 6)])
def test_every_tail_is_exact(channels, kernel):
    chain = Chain((6, 7, channels), seed=channels).conv(3, kernel, (1, 2), "SAME")
    assert_exact(chain.build(), (6, 7, channels), seed=3, prefer="speed")


def test_both_ways_of_weights_and_of_scales_are_taken():
    chain = Chain((8, 8, 3)).conv(4, padding="SAME").conv(4, padding="SAME").dense(4)
    nodes = compile_tflite(chain.build(), prefer="speed").program.nodes
    assert [(node.kind, node.parameter) for node in nodes[1:]] == [
        ("CONV_2D_WIDE", 0),
        ("CONV_2D_WIDE", 1),
        ("CONV_2D_WIDE", 0),
    ]
    shifts = [
        SCALE.unpack(node.table, at)["shift"]
        for node in nodes
        for at in range(0, len(node.table), SCALE.size)
    ]
    assert Counter(shift < 32 for shift in shifts).keys() == {True, False}


def test_weights_of_minus_128_keep_the_plain_kernel():
    """Two of them in a word could make a sum of 2^15."""
    chain = Chain((4, 4, 2))
    chain._random = lambda *shape: np.full(shape, -128, np.int8)
    data = chain.conv(2).build()
    low = data.replace(bytes([0x81] * 36), bytes([0x80] * 36))
    assert low != data
    for tflite, kind in ((data, "CONV_2D_WIDE"), (low, "CONV_2D")):
        assert compile_tflite(tflite, prefer="speed").program.nodes[1].kind == kind
        assert_exact(tflite, (4, 4, 2), seed=1, prefer="speed")


def test_files_at_any_alignment_give_the_same():
    for chain, shape in ((digits_chain(), (8, 8, 1)), (CHAIN, (6, 7, 8))):
        cvl = compile_tflite(chain.build(), prefer="speed").cvl
        image = images_of(shape, seed=2)[0]
        expected = list(convlet.Model(cvl).run(image))
        room = np.zeros(len(cvl) + 8, np.uint8)
        for past in range(4):
            begin = -room.ctypes.data % 4 + past
            room[begin : begin + len(cvl)] = np.frombuffer(cvl, np.uint8)
            model = convlet.Model(memoryview(room)[begin : begin + len(cvl)])
            model.selftest()
            assert list(model.run(image)) == expected


def table_with_shift(shift):
    at = field(CVL, OPERATOR, CONV, "table")
    return patched(CVL, at, SCALE.pack(**SCALE.unpack(CVL, at) | {"shift": shift}))


SIZE = len(CVL)
WEIGHTS = 3 * 8 * 18  # of CONV: three pairs of channels, 18 groups of 8 bytes
DAMAGES = {
    r"its kernel, stride or dilation is 0, expected 1 to 255": {"kernel_w": 0},
    r"its flags are 1, expected 0": {"flags": 1, "kernel_h": 1, "pad_top": 0},
    r"its ring ends at byte \d+ of an arena of 20000": {"scratch": 19300},
    r"the arena begins 2 bytes past a multiple of 4": {"scratch": 1002},
    r"its weights end at byte \d+ of \d+": {"weights": SIZE - WEIGHTS + 1},
    r"its table ends at byte \d+ of \d+": {"table": SIZE - 6 * SCALE.size + 1},
}


@pytest.mark.parametrize("text", DAMAGES)
def test_damaged_records_are_refused(text):
    changes = DAMAGES[text]
    with pytest.raises(ValueError, match=rf"operator 1 \(CONV_2D_WIDE\): {text}"):
        convlet.check(edited(CVL, OPERATOR, CONV, **changes))


def test_a_dense_layer_of_too_many_values_is_refused():
    cvl = compile_tflite(Chain((4, 4, 4)).dense(3).build(), prefer="speed").cvl
    large = edited(edited(cvl, HEADER, arena_bytes=1 << 30), OPERATOR, 0, width=0xFFFF)
    with pytest.raises(
        ValueError, match=r"\(CONV_2D_WIDE\): its kernel, .* is 1048560, expected 1 to 131071"
    ):
        convlet.check(large)


@pytest.mark.parametrize("shift", [32, 64, 0xFFFFFFFF])
def test_shifts_beyond_those_known_are_refused(shift):
    with pytest.raises(ValueError, match="a table shifts by"):
        convlet.check(table_with_shift(shift))
    convlet.check(table_with_shift(31))
    convlet.check(table_with_shift(63))
