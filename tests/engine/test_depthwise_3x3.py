"""The faster depthwise convolutions: as exact as the plain ones, and no file makes them leave their buffers."""

import convlet
import numpy as np
import pytest
from chain import Chain
from convlet.compile import compile_tflite
from convlet.format import HEADER, NO_SHORT_SCALE, OPERATOR, SCALE
from convolution_models import depthwise_conv2d_models
from cvl_edit import edited, field, patched
from exactness import assert_exact
from hypothesis import given, settings
from operator_models import images_of

SHAPE = (6, 7, 5)
COMPILED = compile_tflite(Chain(SHAPE).depthwise().build(), prefer="speed")
CVL = edited(COMPILED.cvl, HEADER, arena_bytes=20000)
SIZE = len(CVL)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(depthwise_conv2d_models())
def test_random_depthwise_convolutions_are_exact(model):
    assert_exact(*model, prefer="speed")


@pytest.mark.parametrize("channels", range(4, 14))
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (3, 1)])
def test_every_padding_stride_and_tail_is_exact(channels, padding, stride):
    shape = (7, 8, channels)
    chain = Chain(shape, seed=channels).depthwise(1, (3, 3), stride, padding)
    assert compile_tflite(chain.build(), prefer="speed").program.nodes[1].kind == "DEPTHWISE_3X3"
    assert_exact(chain.build(), shape, seed=3, prefer="speed")
    assert_exact(chain.build(), shape, seed=3, prefer="speed", weights_in_ram=10000)


def test_files_at_any_alignment_give_the_same():
    image = images_of(SHAPE, seed=2)[0]
    expected = list(convlet.Model(CVL).run(image))
    room = np.zeros(SIZE + 8, np.uint8)
    for past in range(4):
        begin = -room.ctypes.data % 4 + past
        room[begin : begin + SIZE] = np.frombuffer(CVL, np.uint8)
        model = convlet.Model(memoryview(room)[begin : begin + SIZE])
        model.selftest()
        assert list(model.run(image)) == expected


DAMAGES = {
    r"it makes 4 values, expected 5": {"channels": 4},
    r"its kernel, stride or dilation is 2, expected 1 to 3": {"kernel_h": 2},
    r"its kernel, stride or dilation is 3, expected 1 to 2": {"stride_w": 3},
    r"its kernel, stride or dilation is 2, expected 1": {"dilation_w": 2},
    r"its kernel, stride or dilation is 0, expected 1 to 6": {"pad_top": 2},
    r"its ring ends at byte \d+ of an arena of 20000": {"scratch": 20000 - 24 * 9 + 4},
    r"the arena begins 2 bytes past a multiple of 4": {"scratch": 1002},
    r"its ring ends at byte 2000\d of an arena": {"copy": (20000 - 2 * 36 - 5 * SCALE.size) // 4 + 1},
    r"its weights end at byte \d+ of \d+": {"weights": SIZE - 2 * 36 + 1},
    r"its table ends at byte \d+ of \d+": {"table": SIZE - 5 * SCALE.size + 1},
}


@pytest.mark.parametrize("text", DAMAGES)
def test_damaged_records_are_refused(text):
    with pytest.raises(ValueError, match=rf"operator 1 \(DEPTHWISE_3X3\): {text}"):
        convlet.check(edited(CVL, OPERATOR, 1, **DAMAGES[text]))


@pytest.mark.parametrize("changes", [{"shift": NO_SHORT_SCALE}, {"shift": 32}, {"right": 0}, {"right": 32}])
def test_scales_beyond_those_known_are_refused(changes):
    at = field(CVL, OPERATOR, 1, "table")
    with pytest.raises(ValueError, match="a table shifts by"):
        convlet.check(patched(CVL, at, SCALE.pack(**SCALE.unpack(CVL, at) | changes)))
