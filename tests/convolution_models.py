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


@st.composite
def space_to_batch_models(draw: Any) -> Model:
    """A dilated convolution as SPACE_TO_BATCH_ND, CONV_2D or DEPTHWISE_CONV_2D, BATCH_TO_SPACE_ND.

    Without paddings, for which TFLM takes what lies in its memory (its space_to_batch_nd.cc sets no padding value).
    """
    seed = draw(st.integers(0, 2**31))
    rng, b = np.random.default_rng(seed), Builder()
    block, kernel, cut = ([draw(st.integers(1, n)), draw(st.integers(1, n))] for n in (3, 3, 6))
    padding = draw(st.sampled_from(list(PADDINGS)))
    inner = [k - 1 + n for k, n in zip(kernel, cut, strict=True)]  # sizes of the images side by side
    made = inner if padding == "SAME" else cut
    size = [n * m for n, m in zip(inner, block, strict=True)]
    crops = [[draw(st.integers(0, n * m - 1)), 0] for n, m in zip(made, block, strict=True)]
    result_size = [n * m - crop for n, m, (crop, _) in zip(made, block, crops, strict=True)]
    channels_in, depthwise = draw(st.integers(1, 9)), draw(st.booleans())
    channels = channels_in if depthwise else draw(st.integers(1, 6))
    scale_in, zero_point = draw(scales), draw(zero_points)
    batch = block[0] * block[1]
    source = b.tensor((1, *size, channels_in), scale_in, zero_point)
    split = b.tensor((batch, *inner, channels_in), scale_in, zero_point)
    shape = (1, *kernel, channels) if depthwise else (channels, *kernel, channels_in)
    constants = _constants(draw, b, rng, shape, 3 if depthwise else 0, scale_in)
    quantization = output_scale(draw, scale_in, 0.01, kernel[0] * kernel[1] * channels_in), draw(zero_points)
    convolved = b.tensor((batch, *made, channels), *quantization)
    result = b.tensor((1, *result_size, channels), *quantization)
    options = {"Padding": PADDINGS[padding], "StrideH": 1, "StrideW": 1}
    options |= {"DilationHFactor": 1, "DilationWFactor": 1, "FusedActivationFunction": _activation(draw)}
    kind, table = "CONV_2D", "Conv2DOptions"
    if depthwise:
        kind, table = "DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions"
        options["DepthMultiplier"] = 1
    add_split(b, source, split, block, [[0, 0], [0, 0]])
    b.operator(kind, [split, *constants], convolved, table, **options)
    add_join(b, convolved, result, block, crops)
    return b.build([source], [result]), (*size, channels_in), seed


def add_split(b: Builder, source: int, result: int, block: list[int], paddings: list[list[int]]) -> None:
    constants = [b.constant(np.array(values, np.int32)) for values in (block, paddings)]
    b.operator("SPACE_TO_BATCH_ND", [source, *constants], result, "SpaceToBatchNDOptions")


def add_join(b: Builder, source: int, result: int, block: list[int], crops: list[list[int]]) -> None:
    constants = [b.constant(np.array(values, np.int32)) for values in (block, crops)]
    b.operator("BATCH_TO_SPACE_ND", [source, *constants], result, "BatchToSpaceNDOptions")
