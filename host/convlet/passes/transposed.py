"""Transposed convolutions become ordinary ones, and a COPY that puts their pixels side by side.

With a stride of s every s-th tap of the kernel reaches an output row, and which ones depends on the row's number modulo
s. The same holds for columns. So a convolution with s_h * s_w times the channels, of which each knows the taps of its
rows and columns, makes all that DEPTH_TO_SPACE needs: sub-pixel convolution, https://arxiv.org/abs/1609.07009.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convlet.graph import Graph, Operator, Tensor
from convlet.ops.transpose_conv import paddings_of

_PLAIN = {"stride_h": 1, "stride_w": 1, "dilation_h": 1, "dilation_w": 1}


def split_transposed(graph: Graph) -> list[str]:
    """Replace each TRANSPOSE_CONV by a CONV_2D, with a COPY behind it where its stride is above 1."""
    done = []
    for operator in graph.operators.copy():
        if operator.kind == "TRANSPOSE_CONV":
            at = graph.operators.index(operator)
            graph.operators[at : at + 1] = _made_of(operator)
            done.append(str(operator))
    return done


def _made_of(operator: Operator) -> list[Operator]:
    """Input row i adds the kernel's row k to output row i * stride + k - pad. So row Y * stride + phase, counted from
    the `pad` rows that the output lacks in front, gets the kernel's rows t * stride + phase from input rows Y - t.
    """
    options, (_, weights, source, *biases) = operator.options, operator.inputs
    strides, paddings = (options["stride_h"], options["stride_w"]), paddings_of(operator)
    # The convolution lacks as many rows as are whole ones of its own; the COPY lacks the rest.
    lacking = [divmod(padding, stride) for padding, stride in zip(paddings, strides, strict=True)]
    sizes = zip(operator.output.rows[:2], lacking, strides, strict=True)
    height, width = (-(-(size + rest) // stride) for size, (_, rest), stride in sizes)
    kernel, phases = _by_phase(weights.constant, strides), strides[0] * strides[1]
    constants = [
        _repeated(weights, kernel, phases),
        *(_repeated(bias, np.tile(bias.constant, phases), phases) for bias in biases),
    ]
    name, shape = f"{operator.output.name} by phase", (height, width, kernel.shape[0])
    result = replace(operator.output, name=name, shape=shape, batch=1) if phases > 1 else operator.output
    pads = tuple(taps - 1 - whole for taps, (whole, _) in zip(kernel.shape[1:3], lacking, strict=True))
    same: dict[str, Any] = {name: options[name] for name in ("activation", "clamp") if name in options}
    convolution = Operator(
        "CONV_2D", operator.position, [source, *constants], result, {**_PLAIN, **same, "pads": pads}
    )
    crops = [rest for _, rest in lacking]
    return [convolution, _copy(operator, result, strides, crops)] if phases > 1 else [convolution]


def _by_phase(weights: np.ndarray, strides: tuple[int, int]) -> np.ndarray:
    """int8[C, kernel_h, kernel_w, C_in] as int8[s_h * s_w * C, rows, columns, C_in], turned by half a turn."""
    channels, kernel_h, kernel_w, channels_in = weights.shape
    rows, columns = -(-kernel_h // strides[0]), -(-kernel_w // strides[1])
    missing = rows * strides[0] - kernel_h, columns * strides[1] - kernel_w
    whole = np.pad(weights, ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0)))
    apart = whole.reshape(channels, rows, strides[0], columns, strides[1], channels_in)
    turned = apart.transpose(2, 4, 0, 1, 3, 5)[:, :, :, ::-1, ::-1]
    return np.ascontiguousarray(turned.reshape(-1, rows, columns, channels_in))


def _repeated(constant: Tensor, data: np.ndarray, times: int) -> Tensor:
    scale = np.tile(constant.scale, times) if len(constant.scale) > 1 else constant.scale
    return replace(constant, shape=data.shape, data=data, scale=scale)


def _copy(operator: Operator, source: Tensor, strides: tuple[int, int], crops: Sequence[int]) -> Operator:
    """What puts the pixels of each phase into their places: DEPTH_TO_SPACE without what lies around the output."""
    rows, columns, _ = source.rows
    height, width, channels = operator.output.rows
    places = np.arange(np.prod(source.rows), dtype=np.int32).reshape(rows, columns, *strides, channels)
    image = places.transpose(0, 2, 1, 3, 4).reshape(rows * strides[0], columns * strides[1], channels)
    index = image[crops[0] : crops[0] + height, crops[1] : crops[1] + width]
    options = {"index": index, "fill": operator.output.zero_point}
    return Operator("COPY", operator.position, [source], operator.output, options)
