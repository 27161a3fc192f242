import io
import math
from itertools import pairwise

import convlet
import pytest
from chain import Chain, digits_chain, stream_chain
from convlet.compile import compile_tflite
from convlet.format import HEADER
from convlet.window_cost import bytes_read, window_cost
from cvl_edit import edited

CASES = {
    "digits": compile_tflite(digits_chain().build()).cvl,
    "int8": compile_tflite(digits_chain().build(), int8_input=True).cvl,
    "stream": compile_tflite(stream_chain(16).build(), stream=True).cvl,
}


@pytest.mark.parametrize("name", CASES)
def test_the_smallest_window_and_what_it_costs(name, tmp_path):
    cvl, path = CASES[name], tmp_path / "model.cvl"
    path.write_bytes(cvl)
    cost = window_cost(cvl)
    assert convlet.Model(path, window=cost.window_bytes).bytes_read == 0
    with pytest.raises(
        ValueError, match=f"have {cost.window_bytes} bytes, the window has {cost.window_bytes - 1}"
    ):
        convlet.Model(path, window=cost.window_bytes - 1)
    assert cost.ram_bytes > 4 * HEADER.unpack(cvl)["head_words"] + cost.window_bytes
    if name == "digits":
        model, image = convlet.Model(path, window=cost.window_bytes), bytes(64)
        reads = [model.bytes_read for _ in range(3) if model.run(image)]
        assert reads[2] - reads[1] == cost.bytes_read > 0


def test_the_cost_of_a_stream_is_that_of_a_step():
    cvl = CASES["stream"]
    for window in (window_cost(cvl).window_bytes, 500, 600, len(cvl)):
        model = convlet.Model(io.BytesIO(cvl), window=window)
        step = bytes(math.prod(model.input_shape))
        reads = [model.bytes_read for _ in range(30) if model.step(step) or True]
        assert {after - before for before, after in pairwise(reads[-10:])} == {bytes_read(cvl, window)}


def test_no_cost_where_there_is_no_window():
    assert window_cost(edited(CASES["digits"], HEADER, head_words=0)) is None
    pool = compile_tflite(Chain((4, 4, 1)).max_pool().build()).cvl
    assert window_cost(pool).bytes_read == 0
