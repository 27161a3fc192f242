"""Operators in parts that fit a window: each gives the channels that TFLM gives, whatever the operator."""

import io
import re

import convlet
import numpy as np
import pytest
from chain import Chain, kinds_after
from convlet.compile import compile_tflite
from convlet.errors import ModelError
from convlet.passes import wide_operators
from convlet.passes.wide_operators import split_wide_operators
from convlet.window_plan import LEAST_WINDOW
from convlet.writer import bytes_in_window
from convolution_models import depthwise_conv2d_models, grouped_conv2d_models, transpose_conv_models
from hypothesis import given, settings
from hypothesis import strategies as st
from operator_models import conv2d_models, fully_connected_models, images_of, tflm_outputs
from tflite_builder import Builder

PREFERENCES = ("ram", "balance", "speed")


def compiled_for_small_window(tflite, prefer):
    """The model for the smallest window that one channel of each operator fits, and that window."""
    window = LEAST_WINDOW
    while True:
        try:
            return compile_tflite(tflite, window=window, prefer=prefer), window
        except ModelError as error:
            larger = int(re.search(r"use --window (\d+), or a larger one$", str(error)).group(1))
            assert larger > window
            window = larger


def assert_exact_in_parts(tflite, shape, seed, prefer):
    compiled, window = compiled_for_small_window(tflite, prefer)
    assert max(bytes_in_window(compiled.program)) <= window
    model = convlet.Model(io.BytesIO(compiled.cvl), window=window)
    model.selftest()
    images = images_of(shape, seed, count=1)
    for image, expected in zip(images, tflm_outputs(tflite, images), strict=True):
        assert np.asarray(model.run(image)).tolist() == expected.ravel().tolist()


@pytest.mark.parametrize(
    "models",
    [
        conv2d_models,
        grouped_conv2d_models,
        depthwise_conv2d_models,
        transpose_conv_models,
        fully_connected_models,
    ],
)
def test_random_operators_are_exact_in_parts(models):
    @settings(max_examples=8, deadline=None, derandomize=True)
    @given(models(), st.sampled_from(PREFERENCES))
    def check(model, prefer):
        assert_exact_in_parts(*model, prefer)

    check()


CHAINS = {
    "whole groups": (Chain((8, 8, 32)).conv(64, groups=8), 1024, 4),
    "parts of groups": (Chain((4, 4, 64)).conv(8, groups=2), 1000, 4),
    "one channel of a group": (Chain((6, 6, 60)).conv(6, groups=2), 400, 6),
    "several filters of one channel": (Chain((10, 5, 1)).depthwise(20, (10, 4)), 1024, 3),
    "several filters of whole channels": (Chain((10, 10, 9)).depthwise(8), 512, 3),
    "some of the filters of a channel": (Chain((3, 3, 3)).depthwise(40), 512, 6),
    "fewer channels than the depthwise kernel takes": (Chain((9, 9, 6)).depthwise(1, (8, 8)), 256, 2),
    "single values of a dense layer": (Chain((8, 8, 8)).dense(5), 600, 5),
}


@pytest.mark.parametrize("prefer", PREFERENCES)
@pytest.mark.parametrize("name", CHAINS)
def test_all_ways_of_splitting_are_exact(name, prefer):
    chain, window, parts = CHAINS[name]
    tflite, shape = chain.build(), tuple(chain.builder.tensors[chain.input].shape[1:])
    compiled = compile_tflite(tflite, window=window, prefer=prefer)
    (split,) = (change for change in compiled.explanation if "window" in change.title)
    assert split.details[0].endswith(f"into {parts} parts")
    model = convlet.Model(io.BytesIO(compiled.cvl), window=window)
    model.selftest()
    images = images_of(shape, 7)
    for image, expected in zip(images, tflm_outputs(tflite, images), strict=True):
        assert np.asarray(model.run(image)).tolist() == expected.ravel().tolist()


def test_what_reads_all_channels_has_no_slice():
    def kinds(chain):
        return kinds_after(chain, lambda graph: split_wide_operators(graph, 1024))[1]

    parts = ["CONV_2D", "CONV_2D", "CONCATENATION", "CONV_2D", "CONCATENATION"]
    assert kinds(Chain((5, 5, 20)).conv(10)) == parts
    assert "SLICE" in kinds(Chain((8, 8, 32)).conv(64, groups=8))


def test_what_cannot_be_split_is_named():
    tflite = Chain((8, 8, 8)).dense(4).build()
    text = (
        r"^operator 0 \(FULLY_CONNECTED\) has constants of 2,084 bytes, of which 524 are needed at once, "
        "but the window has 512: use --window 524, or a larger one$"
    )
    with pytest.raises(ModelError, match=text):
        compile_tflite(tflite, window=512)
    compile_tflite(tflite, window=524)


def test_what_has_no_channels_is_not_split():
    chain = Chain((1, 1, 10)).dense(10)
    chain.scale, chain.zero_point = 1 / 256, -128
    chain._layer("SOFTMAX", [], chain.shape, "SoftmaxOptions", Beta=1.0)
    with pytest.raises(
        ModelError, match=r"\(SOFTMAX\) has constants of ([\d,]+) bytes, of which \1 are needed"
    ):
        compile_tflite(chain.build(), window=LEAST_WINDOW)


def test_too_many_parts_are_refused(monkeypatch):
    monkeypatch.setattr(wide_operators, "MOST_OPERATORS", 10)
    with pytest.raises(
        ModelError,
        match=r"^the model, split for a window of 256 bytes, has 19 operators, expected at most 10$",
    ):
        compile_tflite(Chain((1, 1, 100)).dense(20).build(), window=256)


@pytest.mark.parametrize(
    ("whole", "shape"),
    [((1, 9, 10, 5), (1, 9, 10, 5)), ((1, 2, 1, 300), (1, 1, 1, 300)), ((1, 9, 30, 2), (1, 9, 30, 1))],
)
@pytest.mark.parametrize("first", [True, False])
def test_constants_of_sums_are_split_by_channels(whole, shape, first):
    b = Builder()
    source, result = b.tensor(whole, 0.5, 3), b.tensor(whole, 1.5, -7)
    constant = b.constant(np.random.default_rng(1).integers(-128, 128, shape).astype(np.int8), [0.25])
    b.operator("SUB", [constant, source] if first else [source, constant], result, "SubOptions")
    assert_exact_in_parts(b.build([source], [result]), whole[1:], 1, "ram")
