import array
import math

import convlet
import numpy as np
import pytest
from chain import handing_through
from convlet.compile import compile_tflite
from convlet.quantization import quantize
from hypothesis import given, settings
from hypothesis import strategies as st


def model_of(count, scale, zero_point):
    """Its output is its input, quantised."""
    return convlet.Model(compile_tflite(handing_through(count, scale, zero_point)).cvl)


def quantized(values, scale, zero_point):
    values = np.asarray(values, np.float32)
    return np.array(model_of(values.size, scale, zero_point).run(values))


def test_int8_is_taken_as_it_is():
    image = np.arange(256).astype(np.uint8).view(np.int8)
    assert list(model_of(256, 1.0, 0).run(image)) == image.tolist()


def test_uint8_is_128_above_int8():
    model = model_of(256, 1.0, 0)
    assert list(model.run(bytes(range(256)))) == list(range(-128, 128))
    assert list(model.run(bytearray(range(256)))) == list(range(-128, 128))


def test_int16_are_whole_real_numbers():
    values = np.array([-32768, -300, -129, -2, -1, 0, 1, 2, 128, 255, 32767], np.int16)
    for scale, zero_point in ((1.0, 0), (0.5, -3), (37.0, 20)):
        found = np.array(model_of(values.size, scale, zero_point).run(values))
        assert found.tolist() == quantize(values.astype(np.float32), scale, zero_point).tolist()


def test_halves_round_away_from_zero():
    values = [0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 126.5, -127.5, 126.49999, -127.49999, 0.49999997, -0.49999997]
    expected = [1, -1, 2, -2, 3, -3, 127, -128, 126, -127, 0, 0]
    assert quantized(values, 1.0, 0).tolist() == expected


def test_values_saturate():
    values = [127.4, 128, 300, 1e9, 3e38, math.inf, -128.4, -129, -300, -1e9, -3e38, -math.inf]
    assert quantized(values, 1.0, 0).tolist() == [127] * 6 + [-128] * 6
    assert quantized(values, 1.0, 127).tolist() == [127] * 6 + [-1, -2] + [-128] * 4
    assert quantized([-1e38, 1e38], 2.0**-126, -128).tolist() == [-128, 127]


def test_nan_counts_as_zero():
    assert quantized([math.nan, -math.nan, 1.0], 0.5, -7).tolist() == [-7, -7, -5]


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    st.lists(st.floats(width=32), min_size=1, max_size=40),
    st.floats(2.0**-149, 2.0**127, width=32),
    st.integers(-128, 127),
)
def test_floats_are_quantised_as_the_host_does(values, scale, zero_point):
    with np.errstate(over="ignore"):
        expected = quantize(np.array(values, np.float32), scale, zero_point)
    assert quantized(values, scale, zero_point).tolist() == expected.tolist()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(-300, 300), st.floats(2.0**-20, 8.0, width=32), st.integers(-128, 127))
def test_floats_around_halves_are_quantised_as_the_host_does(steps, scale, zero_point):
    half = np.float32((steps + 0.5) * scale)
    values = np.array([np.nextafter(half, np.float32(-1e30)), half, np.nextafter(half, np.float32(1e30))])
    expected = quantize(values, scale, zero_point)
    assert quantized(values, scale, zero_point).tolist() == expected.tolist()


@pytest.mark.parametrize("offset", [0, 1, 2, 3])
def test_floats_may_lie_at_any_address(offset):
    values = np.array([0.1, -1.0, 2.0, 0.3], np.float32)
    room = bytearray(values.nbytes + 4)
    room[offset : offset + values.nbytes] = values.tobytes()
    view = memoryview(room)[offset : offset + values.nbytes].cast("f")
    unaligned = np.frombuffer(room, np.float32, values.size, offset)
    for image in (view, unaligned):
        assert list(model_of(4, 0.1, 3).run(image)) == [4, -7, 23, 6]


def test_arrays_of_the_standard_library_are_images():
    model = model_of(3, 0.5, 0)
    assert list(model.run(array.array("f", [1.0, 2.0, -3.0]))) == [2, 4, -6]
    assert list(model.run(array.array("b", [1, 2, -3]))) == [1, 2, -3]
    assert list(model.run(array.array("B", [1, 2, 255]))) == [-127, -126, 127]


def test_an_image_in_the_arena_is_refused():
    """Since it is read where it lies, while the arena is written to."""
    model = model_of(300, 1.0, 0)
    image = np.random.default_rng(1).integers(-128, 128, 300).astype(np.int8)
    first = list(model.run(image))
    with pytest.raises(ValueError, match=r"^the image lies in the model's arena: copy it first$"):
        model.run(model.output)
    with pytest.raises(ValueError, match="the image lies in the model's arena"):
        model.push(model.output)
    assert list(model.run(np.array(model.output))) == first == image.tolist()
