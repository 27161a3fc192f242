"""Random one-operator models for tests, drawn by hypothesis, and their outputs by TFLM."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from tflite_builder import Builder
from tflite_micro import runtime

PADDINGS = {"SAME": 0, "VALID": 1}
ACTIVATIONS = {"NONE": 0, "RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}

zero_points = st.integers(-128, 127)
scales = st.floats(2**-10, 2.0, width=32)


def tflm_outputs(tflite: bytes, images: np.ndarray) -> np.ndarray:
    """int8 output of TFLM for each of the int8 images."""
    interpreter = runtime.Interpreter.from_bytes(tflite, arena_size=1 << 20)
    outputs = []
    for image in images:
        interpreter.set_input(image[np.newaxis], 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0).copy())
    return np.array(outputs)


def images_of(shape: tuple[int, ...], seed: int, count: int = 3) -> np.ndarray:
    """int8 images: random ones, and in the end the extremes."""
    rng = np.random.default_rng(seed)
    images = rng.integers(-128, 128, (count + 2, *shape), dtype=np.int64)
    images[-2], images[-1] = -128, 127
    return images.astype(np.int8)


def random_weights(rng: np.random.Generator, shape: tuple[int, ...], extreme: bool) -> np.ndarray:
    values = rng.choice([-127, 127], shape) if extreme else rng.integers(-127, 128, shape)
    return values.astype(np.int8)


def output_scale(draw: Any, scale_in: float, scale_w: float, count: int) -> float:
    """A scale with which the outputs neither all saturate nor all vanish."""
    typical = scale_in * scale_w * 74 * 74 * max(count, 1) ** 0.5
    return float(np.float32(max(typical / 64 * draw(st.floats(0.25, 4.0)), 1e-30)))


def size_out(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    span = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == "SAME" else -(-(size - span + 1) // stride)


@st.composite
def conv2d_models(draw: Any) -> tuple[bytes, tuple[int, int, int], int]:
    """A CONV_2D: its `.tflite`, the shape of its input, a seed."""
    seed = draw(st.integers(0, 2**31))
    rng = np.random.default_rng(seed)
    kernel_h, kernel_w = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    stride_h, stride_w = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    dilation_h, dilation_w = draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2), (3, 2)]))
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    span_h, span_w = (kernel_h - 1) * dilation_h + 1, (kernel_w - 1) * dilation_w + 1
    least_h, least_w = (span_h, span_w) if padding == "VALID" else (1, 1)
    height, width = draw(st.integers(least_h, least_h + 8)), draw(st.integers(least_w, 40))
    channels_in, channels = draw(st.integers(1, 20)), draw(st.integers(1, 12))
    out_h = size_out(height, kernel_h, stride_h, dilation_h, padding)
    out_w = size_out(width, kernel_w, stride_w, dilation_w, padding)
    b = Builder()
    scale_in = draw(scales)
    source = b.tensor((1, height, width, channels_in), scale_in, draw(zero_points))
    count = 1 if draw(st.booleans()) else channels
    scale_w = [float(np.float32(s)) for s in rng.uniform(0.001, 0.02, count)]
    shape = (channels, kernel_h, kernel_w, channels_in)
    weights = b.constant(random_weights(rng, shape, draw(st.booleans())), scale_w)
    biases = rng.integers(-(2**14), 2**14, channels).astype(np.int32)
    bias = b.constant(biases, [scale_in * s for s in scale_w])
    scale_out = output_scale(draw, scale_in, 0.01, kernel_h * kernel_w * channels_in)
    result = b.tensor((1, out_h, out_w, channels), scale_out, draw(zero_points))
    b.operator(
        "CONV_2D",
        [source, weights, bias],
        result,
        "Conv2DOptions",
        Padding=PADDINGS[padding],
        StrideH=stride_h,
        StrideW=stride_w,
        DilationHFactor=dilation_h,
        DilationWFactor=dilation_w,
        FusedActivationFunction=ACTIVATIONS[draw(st.sampled_from(list(ACTIVATIONS)))],
    )
    return b.build([source], [result]), (height, width, channels_in), seed


@st.composite
def fully_connected_models(draw: Any) -> tuple[bytes, tuple[int, int, int], int]:
    """A FULLY_CONNECTED on a vector: its `.tflite`, the shape of its input, a seed."""
    seed = draw(st.integers(0, 2**31))
    rng = np.random.default_rng(seed)
    count, channels = draw(st.integers(1, 300)), draw(st.integers(1, 40))
    b = Builder()
    scale_in = draw(scales)
    source = b.tensor((1, count), scale_in, draw(zero_points))
    scale_w = [float(np.float32(s)) for s in rng.uniform(0.001, 0.02, draw(st.sampled_from([1, channels])))]
    inputs = [source, b.constant(random_weights(rng, (channels, count), draw(st.booleans())), scale_w)]
    if draw(st.booleans()):
        bias = rng.integers(-(2**14), 2**14, channels).astype(np.int32)
        inputs.append(b.constant(bias, [scale_in * s for s in scale_w]))
    result = b.tensor((1, channels), output_scale(draw, scale_in, 0.01, count), draw(zero_points))
    activation = ACTIVATIONS[draw(st.sampled_from(list(ACTIVATIONS)))]
    b.operator("FULLY_CONNECTED", inputs, result, "FullyConnectedOptions", FusedActivationFunction=activation)
    return b.build([source], [result]), (count,), seed
