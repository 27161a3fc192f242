"""A convolution and the max pool behind it in one kernel."""

from collections import Counter
from dataclasses import replace

import convlet
import numpy as np
import pytest
from chain import Chain, digits_chain
from convlet.compile import compile_tflite
from convlet.format import HEADER, OPERATOR, SCALE, WIDE_BYTES, WIDE_SHORT, WIDE_SINGLE, WIDE_TILE
from convlet.fused_pools import with_pools_fused
from convlet.plan import plan
from convlet.program import lower
from convlet.tflite_reader import read_tflite
from convlet.writer import write_cvl
from cvl_edit import edited, field
from exactness import assert_exact
from hypothesis import given, settings
from operator_models import images_of, tflm_outputs
from pooled_models import pooled_conv2d_models

FUSED = "CONV_2D_MAX_POOL"
KINDS: Counter[str] = Counter()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(pooled_conv2d_models())
def test_random_convolutions_with_pools_are_exact(model):
    assert_exact(*model, prefer="speed")
    KINDS[compile_tflite(model[0], prefer="speed").program.nodes[1].kind] += 1


def test_many_of_them_are_fused_and_some_are_not():
    assert KINDS[FUSED] > 20 and KINDS.total() - KINDS[FUSED] > 20, KINDS


CHAINS = {
    "digits": (digits_chain(), (8, 8, 1)),
    "5x5": (Chain((13, 30, 1)).conv(5, (5, 5), padding="SAME").max_pool(), (13, 30, 1)),
    "colours": (Chain((9, 19, 3)).conv(7, padding="SAME").max_pool(), (9, 19, 3)),
    "strides": (Chain((15, 41, 1)).conv(3, (3, 4), (2, 2)).max_pool(), (15, 41, 1)),
}


@pytest.mark.parametrize("name", CHAINS)
def test_every_form_is_exact_at_every_alignment(name):
    chain, shape = CHAINS[name]
    tflite = chain.build()
    images = images_of(shape, seed=5)
    expected = tflm_outputs(tflite, images)
    program = with_pools_fused(lower(read_tflite(tflite)))
    node = program.nodes[1]
    assert node.kind == FUSED
    for form in (node, *node.faster):
        with_form = replace(program, nodes=[program.nodes[0], form, *program.nodes[2:]])
        cvl = write_cvl(with_form, plan(with_form))
        room = np.zeros(len(cvl) + 8, np.uint8)
        for past in range(4):
            begin = -room.ctypes.data % 4 + past
            room[begin : begin + len(cvl)] = np.frombuffer(cvl, np.uint8)
            model = convlet.Model(memoryview(room)[begin : begin + len(cvl)])
            for image, wanted in zip(images, expected, strict=True):
                assert list(model.run(image)) == wanted.ravel().tolist(), (form.parameter, past)


COMPILED = compile_tflite(CHAINS["5x5"][0].build(), prefer="speed")
CVL = edited(COMPILED.cvl, HEADER, arena_bytes=20000)
WEIGHTS = 5 * 16 * 8  # five channels, 15 words of both rows and one to fill up
TABLE = field(CVL, OPERATOR, 1, "table")
DAMAGES = {
    r"its kernel, stride or dilation is 6, expected 1 to 3": {"stride_w": 3},
    r"its kernel, stride or dilation is 1, expected 1 to 2": {"kernel_w": 1},
    r"its input keeps 13 of 13 rows, but it reads all": {"kernel_h": 0},
    r"its kernel, .* is 100, expected 1 to 96": {"kernel_h": 19},
    r"its flags are 0, expected 2": {"parameter": 0},
    r"its flags are 3, expected 2": {"parameter": WIDE_SHORT | WIDE_BYTES},
    r"its flags are 7, expected 2": {"parameter": WIDE_SHORT | WIDE_BYTES | WIDE_SINGLE},
    r"its ring ends at byte \d+ of an arena of 20000": {"scratch": 20000 - 4 * (34 * 3 + 1) + 4},
    r"its weights end at byte \d+ of \d+": {"weights": len(CVL) - WEIGHTS + 1},
    r"its table ends at byte \d+ of \d+": {"table": TABLE + (len(CVL) - 6 * SCALE.size - TABLE) // 4 * 4 + 4},
}


@pytest.mark.parametrize("text", DAMAGES)
def test_damaged_records_are_refused(text):
    with pytest.raises(ValueError, match=rf"operator 1 \({FUSED}\): {text}"):
        convlet.check(edited(CVL, OPERATOR, 1, **DAMAGES[text]))


def test_one_byte_of_scratch_less_is_refused():
    for form in (COMPILED.program.nodes[1], *COMPILED.program.nodes[1].faster):
        tile = form.parameter // WIDE_TILE or 15
        assert form.scratch_bytes == 4 * (3 * (2 * tile + 4) + 1)
        changes = {"parameter": form.parameter, "scratch": 20000 - form.scratch_bytes}
        convlet.check(edited(CVL, OPERATOR, 1, **changes))


def test_its_multiplications_are_those_of_the_convolution():
    model = convlet.Model(CVL)
    model.run(images_of((13, 30, 1), seed=1)[0])
    assert COMPILED.program.macs == 12 * 30 * 5 * 25
    assert sum(macs for _, _, macs in model.profile()) == COMPILED.program.macs
