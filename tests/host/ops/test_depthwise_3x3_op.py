"""The order of weights that engine/depthwise_3x3.c reads, its scratch, and which nodes have the form."""

from dataclasses import replace

import convlet
import numpy as np
import pytest
from chain import Chain, program_of
from convlet.compile import compile_tflite
from convlet.format import HEADER, OPERATOR, SCALE
from convlet.ops.depthwise_3x3 import bytes_of
from convlet.plan import plan
from convlet.writer import write_cvl
from cvl_edit import edited


def test_the_upper_rows_of_each_column_come_first():
    weights = np.arange(3 * 3 * 5, dtype=np.int8).reshape(3, 3, 5)  # 15 row + 5 column + channel
    packed = np.frombuffer(bytes_of(weights), np.int8).reshape(2, 36)
    columns = packed[0, :24].reshape(3, 8)
    assert columns[0].tolist() == [15, 16, 0, 1, 17, 18, 2, 3]  # below, above; below, above
    assert columns[2].tolist() == [25, 26, 10, 11, 27, 28, 12, 13]
    assert packed[0, 24:].reshape(3, 4).tolist() == [[30, 31, 32, 33], [35, 36, 37, 38], [40, 41, 42, 43]]
    # Of the last channel, filled up.
    assert packed[1, :8].tolist() == [19, 0, 4, 0, 0, 0, 0, 0]
    assert packed[1, 24:].reshape(3, 4).tolist() == [[34, 0, 0, 0], [39, 0, 0, 0], [44, 0, 0, 0]]


def form_of(chain):
    """The form DEPTHWISE_3X3, or None."""
    forms = program_of(chain).nodes[1].faster
    assert len(forms) <= 1
    return forms[0] if forms else None


@pytest.mark.parametrize(
    "chain",
    [
        Chain((6, 7, 8)).depthwise(),
        Chain((6, 7, 5)).depthwise(1, (3, 3), (2, 2), "VALID"),
        Chain((3, 3, 6)).depthwise(1, (3, 3), (1, 1), "VALID"),
        Chain((3, 1, 4)).depthwise(1, (3, 3), (1, 2)),
        Chain((9, 9, 7)).depthwise(1, (3, 3), (4, 1)),
    ],
)
def test_one_byte_of_scratch_less_is_refused(chain):
    program = program_of(chain)
    form = form_of(chain)
    stride, width = form.window.stride_w, form.shape[1]
    assert form.kind == "DEPTHWISE_3X3" and form.scratch_bytes == 24 * ((width - 1) * stride + 3)
    assert len(form.table) == form.shape[2] * SCALE.size and not form.reads_first
    with_form = replace(program, nodes=[program.nodes[0], form])
    cvl = write_cvl(with_form, plan(with_form))
    convlet.check(cvl)
    exact = edited(cvl, HEADER, arena_bytes=100000)
    exact = edited(exact, OPERATOR, 1, scratch=100000 - form.scratch_bytes)
    convlet.check(exact)
    with pytest.raises(
        ValueError, match=r"\(DEPTHWISE_3X3\): its ring ends at byte 100000 of an arena of 99999"
    ):
        convlet.check(edited(exact, HEADER, arena_bytes=99999))


@pytest.mark.parametrize(
    "chain",
    [
        Chain((6, 7, 8)).depthwise(1, (3, 2)),
        Chain((6, 7, 8)).depthwise(1, (5, 3)),
        Chain((6, 9, 8)).depthwise(1, (3, 3), (1, 3)),
        Chain((1, 7, 8)).depthwise(),  # only the middle row lies inside the image
    ],
)
def test_other_filters_keep_the_plain_kernel(chain):
    assert form_of(chain) is None


def test_weights_of_minus_128_keep_the_plain_kernel():
    """Two of them in a word could make a sum of 2^15."""
    chain = Chain((6, 7, 8))
    chain._random = lambda *shape: np.full(shape, -127, np.int8)
    data = chain.depthwise().build()
    low = data.replace(bytes([0x81] * 72), bytes([0x80] * 72))
    assert low != data
    for tflite, kind in ((data, "DEPTHWISE_3X3"), (low, "DEPTHWISE_CONV_2D")):
        assert compile_tflite(tflite, prefer="speed").program.nodes[1].kind == kind
