"""Random models of one grouped, depthwise or transposed convolution, drawn by hypothesis."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from operator_models import (
    ACTIVATIONS,
    PADDINGS,
    output_scale,
    random_weights,
    scales,
    size_out,
    zero_points,
)
from tflite_builder import Builder

Model = tuple[bytes, tuple[int, ...], int]  # its `.tflite`, the shape of its input, a seed
dilations = st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2), (3, 2)])


def _window(draw: Any, dilation: tuple[int, int] = (1, 1)) -> tuple[dict[str, int], list[int], list[int]]:
    """Options, kernel and size of an image on which the window fits, and the size of what it makes."""
    kernel = [draw(st.integers(1, 5)), draw(st.integers(1, 5))]
    stride = [draw(st.integers(1, 3)), draw(st.integers(1, 3))]
    padding = draw(st.sampled_from(list(PADDINGS)))
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    least = spans if padding == "VALID" else [1, 1]
    size = [draw(st.integers(least[0], least[0] + 8)), draw(st.integers(least[1], 40))]
    made = [size_out(size[i], kernel[i], stride[i], dilation[i], padding) for i in (0, 1)]
    options = {"Padding": PADDINGS[padding], "StrideH": stride[0], "StrideW": stride[1]}
    return options, kernel, [*size, *made]


def _constants(
    draw: Any, b: Builder, rng: np.random.Generator, shape: tuple[int, ...], axis: int, scale_in: float
) -> list[int]:
    """Weights with one scale or one for each channel, and perhaps a bias."""
    channels = shape[axis]
    scale_w = [float(np.float32(s)) for s in rng.uniform(0.001, 0.02, draw(st.sampled_from([1, channels])))]
    constants = [b.constant(random_weights(rng, shape, draw(st.booleans())), scale_w, axis)]
    if draw(st.booleans()):
        bias = rng.integers(-(2**14), 2**14, channels).astype(np.int32)
        constants.append(b.constant(bias, [scale_in * s for s in scale_w]))
    return constants


def _activation(draw: Any) -> int:
    return ACTIVATIONS[draw(st.sampled_from(list(ACTIVATIONS)))]


@st.composite
def grouped_conv2d_models(draw: Any) -> Model:
    """A CONV_2D of several groups."""
    seed = draw(st.integers(0, 2**31))
    rng, b = np.random.default_rng(seed), Builder()
    dilation = draw(dilations)
    options, kernel, (height, width, out_h, out_w) = _window(draw, dilation)
    groups, group = draw(st.integers(2, 6)), draw(st.integers(1, 8))
    channels_in, channels = groups * group, groups * draw(st.integers(1, 5))
    scale_in = draw(scales)
    source = b.tensor((1, height, width, channels_in), scale_in, draw(zero_points))
    constants = _constants(draw, b, rng, (channels, *kernel, group), 0, scale_in)
    scale_out = output_scale(draw, scale_in, 0.01, kernel[0] * kernel[1] * group)
    result = b.tensor((1, out_h, out_w, channels), scale_out, draw(zero_points))
    options |= {"DilationHFactor": dilation[0], "DilationWFactor": dilation[1]}
    options["FusedActivationFunction"] = _activation(draw)
    b.operator("CONV_2D", [source, *constants], result, "Conv2DOptions", **options)
    return b.build([source], [result]), (height, width, channels_in), seed


@st.composite
def depthwise_conv2d_models(draw: Any) -> Model:
    """A DEPTHWISE_CONV_2D of any multiplier."""
    seed = draw(st.integers(0, 2**31))
    rng, b = np.random.default_rng(seed), Builder()
    dilation = draw(dilations)
    options, kernel, (height, width, out_h, out_w) = _window(draw, dilation)
    multiplier = draw(st.sampled_from([1, 1, 1, 2, 3, 8]))
    channels_in = draw(st.integers(1, 70 if multiplier == 1 else 9))
    channels = channels_in * multiplier
    scale_in = draw(scales)
    source = b.tensor((1, height, width, channels_in), scale_in, draw(zero_points))
    constants = _constants(draw, b, rng, (1, *kernel, channels), 3, scale_in)
    scale_out = output_scale(draw, scale_in, 0.01, kernel[0] * kernel[1])
    result = b.tensor((1, out_h, out_w, channels), scale_out, draw(zero_points))
    options |= {"DilationHFactor": dilation[0], "DilationWFactor": dilation[1]}
    options |= {"DepthMultiplier": multiplier, "FusedActivationFunction": _activation(draw)}
    b.operator("DEPTHWISE_CONV_2D", [source, *constants], result, "DepthwiseConv2DOptions", **options)
    return b.build([source], [result]), (height, width, channels_in), seed


@st.composite
def transpose_conv_models(draw: Any) -> Model:
    """A TRANSPOSE_CONV: its output has a size from which the convolution of the window would make its input."""
    seed = draw(st.integers(0, 2**31))
    rng, b = np.random.default_rng(seed), Builder()
    options, kernel, (out_h, out_w, height, width) = _window(draw)
    channels_in, channels = draw(st.integers(1, 12)), draw(st.integers(1, 9))
    scale_in = draw(scales)
    source = b.tensor((1, height, width, channels_in), scale_in, draw(zero_points))
    shape = b.constant(np.array([1, out_h, out_w, channels], np.int32))
    weights, *bias = _constants(draw, b, rng, (channels, *kernel, channels_in), 0, scale_in)
    scale_out = output_scale(draw, scale_in, 0.01, kernel[0] * kernel[1] * channels_in)
    result = b.tensor((1, out_h, out_w, channels), scale_out, draw(zero_points))
    options["FusedActivationFunction"] = _activation(draw)
    inputs = [shape, weights, source, *bias]
    b.operator("TRANSPOSE_CONV", inputs, result, "TransposeConvOptions", **options)
    return b.build([source], [result]), (height, width, channels_in), seed
