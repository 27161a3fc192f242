"""The faster convolutions: as exact as the plain ones, and no file makes them leave their buffers."""

from dataclasses import replace

import convlet
import numpy as np
import pytest
from chain import Chain, digits_chain
from convlet.compile import compile_tflite
from convlet.format import (
    HEADER,
    NO_SHORT_SCALE,
    OPERATOR,
    SCALE,
    WIDE_BYTES,
    WIDE_SHORT,
    WIDE_SINGLE,
    WIDE_TILE,
)
from convlet.plan import plan
from convlet.writer import constant_bytes, write_cvl
from cvl_edit import edited, field, patched
from exactness import assert_exact
from hypothesis import given, settings
from operator_models import conv2d_models, fully_connected_models, images_of, tflm_outputs

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


FORMS = {
    "bytes": (Chain((8, 22, 8)).conv(5, (3, 3), (1, 2), "SAME"), (8, 22, 8)),
    "odd channels": (Chain((6, 17, 5)).conv(4, (3, 2), (1, 1), "SAME"), (6, 17, 5)),
    "words": (Chain((6, 13, 1)).conv(3, (3, 3), (1, 1), "SAME"), (6, 13, 1)),
    "three channels": (Chain((6, 13, 3)).conv(6, (5, 5), (2, 1), "SAME"), (6, 13, 3)),
    "dense": (Chain((3, 4, 5)).dense(7), (3, 4, 5)),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_exact(name):
    """Whatever the planner would choose: the row at once or in tiles, two channels together or one."""
    chain, shape = FORMS[name]
    tflite = chain.build()
    compiled = compile_tflite(tflite, prefer="plain")
    images = images_of(shape, seed=5)
    expected = tflm_outputs(tflite, images)
    for form in compiled.program.nodes[1].faster:
        for copied_bytes in (0, constant_bytes(form)):
            node = replace(form, copied_bytes=copied_bytes)
            program = replace(compiled.program, nodes=[compiled.program.nodes[0], node])
            model = convlet.Model(write_cvl(program, plan(program)))
            for image, wanted in zip(images, expected, strict=True):
                assert list(model.run(image)) == wanted.ravel().tolist(), (form.parameter, copied_bytes)


def test_all_ways_are_among_the_forms():
    parameters = [
        form.parameter
        for chain, _ in FORMS.values()
        for form in compile_tflite(chain.build(), prefer="plain").program.nodes[1].faster
    ]
    both = WIDE_SHORT | WIDE_BYTES
    assert {parameter % WIDE_TILE for parameter in parameters} >= {WIDE_SHORT, both, both | WIDE_SINGLE}
    assert {parameter >= WIDE_TILE for parameter in parameters} == {True, False}


def test_a_single_pixel_has_two_bytes_for_each_weight_for_speed_only():
    """It takes longer to widen weights than to use them once; and a window of a row is used more than once."""
    for width, prefer, is_bytes in ((1, "speed", False), (1, "balance", True), (2, "speed", True)):
        chain = Chain((4, width, 8)).conv(8, (1, 1))
        node = compile_tflite(chain.build(), prefer=prefer).program.nodes[1]
        assert (node.kind, bool(node.parameter & WIDE_BYTES)) == ("CONV_2D_WIDE", is_bytes)
        assert_exact(chain.build(), (4, width, 8), seed=4, prefer=prefer)


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


def table_with(**changes):
    at = field(CVL, OPERATOR, CONV, "table")
    return patched(CVL, at, SCALE.pack(**SCALE.unpack(CVL, at) | changes))


SIZE = len(CVL)
TABLE = field(CVL, OPERATOR, CONV, "table")  # the weights must lie as it does in words
WEIGHTS = 3 * 36 * 4  # of CONV: three pairs of channels, 36 words, of which 4 bytes make two
DAMAGES = {
    r"its kernel, stride or dilation is 0, expected 1 to 255": {"kernel_w": 0},
    r"its flags are 1, expected 0": {"flags": 1, "kernel_h": 1, "pad_top": 0},
    r"its ring ends at byte \d+ of an arena of 20000": {"scratch": 19300},
    r"the arena begins 2 bytes past a multiple of 4": {"scratch": 1002},
    r"its weights end at byte \d+ of \d+": {"weights": SIZE - WEIGHTS + 1},
    r"its ring ends at byte 2000\d of an arena": {"copy": (20000 - WEIGHTS - 6 * SCALE.size) // 4 + 1},
    r"its ring begins at byte 20, the first 24 are the engine's": {"copy": 5},
    r"its table ends at byte \d+ of \d+": {"table": TABLE + (SIZE - 6 * SCALE.size - TABLE) // 4 * 4 + 4},
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


@pytest.mark.parametrize("changes", [{"shift": 32}, {"shift": 254}, {"right": 0}, {"right": 32}])
def test_shifts_beyond_those_known_are_refused(changes):
    with pytest.raises(ValueError, match="a table shifts by"):
        convlet.check(table_with(**changes))
    convlet.check(table_with(shift=31, right=31))


def test_a_scale_without_a_short_form_needs_a_file_that_says_so():
    none = table_with(shift=NO_SHORT_SCALE)
    with pytest.raises(ValueError, match="a table shifts by 255"):
        convlet.check(none)
    flags = field(none, OPERATOR, CONV, "parameter") & ~(WIDE_SHORT | WIDE_SINGLE)
    model = convlet.Model(edited(none, OPERATOR, CONV, parameter=flags))
    image = images_of((6, 7, 8), seed=2)[0]
    assert list(model.run(image)) == list(convlet.Model(CVL).run(image))
    with pytest.raises(ValueError, match="a table shifts by 255"):
        convlet.check(edited(none, OPERATOR, CONV, parameter=flags | WIDE_SINGLE))


def test_single_channels_have_bytes():
    flags = field(CVL, OPERATOR, CONV, "parameter") & ~WIDE_BYTES | WIDE_SINGLE
    with pytest.raises(ValueError, match="its flags are"):
        convlet.check(edited(CVL, OPERATOR, CONV, parameter=flags))


def test_scales_may_lie_otherwise_than_the_weights():
    """A file of other compilers: its table stands two bytes further than ours would."""
    table = field(CVL, OPERATOR, CONV, "table")
    moved = edited(CVL, OPERATOR, CONV, table=len(CVL) + 2 + -len(CVL) % 4)
    scales = CVL[table : table + 6 * SCALE.size]
    at = field(moved, OPERATOR, CONV, "table")
    longer = moved + bytes(at - len(moved)) + scales
    longer = edited(longer, HEADER, file_bytes=len(longer))
    assert at % 4 == 2
    image = images_of((6, 7, 8), seed=2)[0]
    assert list(convlet.Model(longer).run(image)) == list(convlet.Model(CVL).run(image))
