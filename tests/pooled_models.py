"""Random models of a CONV_2D with few input channels and a pool behind it, drawn by hypothesis."""

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


@st.composite
def pooled_conv2d_models(draw: Any) -> tuple[bytes, tuple[int, int, int], int]:
    """A CONV_2D and a MAX_POOL_2D, mostly of 2x2 pixels: their `.tflite`, the shape of its input, a seed."""
    seed = draw(st.integers(0, 2**31))
    rng, b = np.random.default_rng(seed), Builder()
    kernel, stride = (
        draw(st.tuples(*[st.integers(1, 5)] * 2)),
        draw(st.tuples(*[st.sampled_from([1, 1, 2])] * 2)),
    )
    padding, pool_padding = draw(st.tuples(*[st.sampled_from(list(PADDINGS))] * 2))
    pool = draw(st.sampled_from([(2, 2)] * 5 + [(3, 3), (1, 2)]))
    size = [
        draw(st.integers(k + s * (p - 1), k + s * (p - 1) + most))
        for k, s, p, most in zip(kernel, stride, pool, (9, 30), strict=True)
    ]
    channels_in, channels = draw(st.integers(1, 3)), draw(st.integers(1, 9))
    made = [size_out(*each, 1, padding) for each in zip(size, kernel, stride, strict=True)]
    pooled = [size_out(each, p, 2, 1, pool_padding) for each, p in zip(made, pool, strict=True)]
    scale_in = draw(scales)
    source = b.tensor((1, *size, channels_in), scale_in, draw(zero_points))
    count = draw(st.sampled_from([1, channels]))
    scale_w = [float(np.float32(s)) for s in rng.uniform(0.001, 0.02, count)]
    weights = random_weights(rng, (channels, *kernel, channels_in), draw(st.booleans()))
    bias = rng.integers(-(2**14), 2**14, channels).astype(np.int32)
    constants = [b.constant(weights, scale_w), b.constant(bias, [scale_in * s for s in scale_w])]
    values = kernel[0] * kernel[1] * channels_in
    quantization = output_scale(draw, scale_in, 0.01, values), draw(zero_points)
    between, result = (b.tensor((1, *shape, channels), *quantization) for shape in (made, pooled))
    activations = draw(st.tuples(*[st.sampled_from(list(ACTIVATIONS))] * 2))
    fields = {"Padding": PADDINGS[padding], "StrideH": stride[0], "StrideW": stride[1]}
    fields |= {"DilationHFactor": 1, "DilationWFactor": 1}
    fields["FusedActivationFunction"] = ACTIVATIONS[activations[0]]
    b.operator("CONV_2D", [source, *constants], between, "Conv2DOptions", **fields)
    fields = {"Padding": PADDINGS[pool_padding], "StrideH": 2, "StrideW": 2}
    fields |= {"FilterHeight": pool[0], "FilterWidth": pool[1]}
    fields["FusedActivationFunction"] = ACTIVATIONS[draw(st.sampled_from(["NONE", activations[1]]))]
    b.operator("MAX_POOL_2D", [between], result, "Pool2DOptions", **fields)
    return b.build([source], [result]), (*size, channels_in), seed
