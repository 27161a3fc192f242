"""Layers that do nearly the same for less: advice for the next training, not a change of the model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from convlet.graph import Graph, Operator

LEAST_SHARE = 0.1  # of the model's multiplications or weights, that advice must save
MANY_CHANNELS = 8  # of an input, from which on separable convolutions are known to learn as well


@dataclass(frozen=True)
class Cheaper:
    """`operator`, made anew as `instead` says, and what the model would save: `share` of its work or weights."""

    operator: str
    instead: str
    macs_saved: int
    weight_bytes_saved: int
    share: float = 0.0


def cheaper_layers(graph: Graph) -> list[Cheaper]:
    """What saves a tenth of the multiplications or weights of the `graph` as the file has it, the most first.

    >>> from convlet.tflite_reader import read_tflite
    >>> [advice] = cheaper_layers(read_tflite(Path("digits.tflite").read_bytes()))
    >>> advice.operator, advice.weight_bytes_saved
    ('operator 3 (FULLY_CONNECTED)', 640)
    """
    found = [advice for operator in graph.operators for rule in _RULES if (advice := rule(graph, operator))]
    macs = sum(map(macs_of, graph.operators))
    weights = sum(map(_weight_bytes, graph.operators))
    shared = [
        replace(each, share=max(each.macs_saved / macs, each.weight_bytes_saved / weights)) for each in found
    ]
    return sorted(
        (each for each in shared if each.share >= LEAST_SHARE), key=lambda each: each.share, reverse=True
    )


def macs_of(operator: Operator) -> int:
    """Multiplications of a convolution or a dense layer for one image, before any pass; of others 0."""
    if operator.kind not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        return 0
    height, width, channels = operator.output.rows
    of_value = operator.inputs[1].shape[1:]  # [channels, kernel_h, kernel_w, channels_in], [channels, values]
    if operator.kind == "DEPTHWISE_CONV_2D":
        of_value = of_value[:2]  # of [1, kernel_h, kernel_w, channels]
    return height * width * channels * math.prod(of_value)


def _weight_bytes(operator: Operator) -> int:
    return math.prod(operator.inputs[1].shape) if macs_of(operator) else 0


def _separable(graph: Graph, operator: Operator) -> Cheaper | None:
    """A convolution over many channels does in one step what a depthwise and a 1x1 one do in two (MobileNets, 2017)."""
    if operator.kind != "CONV_2D":
        return None
    channels, kernel_h, kernel_w, channels_in = operator.inputs[1].shape
    if kernel_h * kernel_w == 1 or channels_in < MANY_CHANNELS or channels_in != operator.inputs[0].rows[2]:
        return None
    pixels = math.prod(operator.output.rows[:2])
    weights = channels_in * (kernel_h * kernel_w + channels)
    return _if_less(
        operator,
        f"as a depthwise {kernel_h}x{kernel_w} and a 1x1 convolution (SeparableConv2D)",
        pixels * weights,
        weights,
    )


def _global_pooling(graph: Graph, operator: Operator) -> Cheaper | None:
    """A dense layer on all pixels has a weight for each of them; on their mean one for each channel."""
    if operator.kind != "FULLY_CONNECTED":
        return None
    before = operator.inputs[0]
    maker = graph.maker(before)
    if maker is not None and maker.kind == "RESHAPE":
        before = maker.inputs[0]
    height, width, channels = before.rows
    units, values = operator.inputs[1].shape
    if height * width == 1 or values != height * width * channels:
        return None
    return _if_less(
        operator,
        f"on {channels:,} values of GlobalAveragePooling2D instead of {values:,} of Flatten",
        units * channels,
        units * channels,
    )


def _if_less(operator: Operator, instead: str, macs: int, weight_bytes: int) -> Cheaper | None:
    saved = macs_of(operator) - macs
    return (
        Cheaper(str(operator), instead, saved, _weight_bytes(operator) - weight_bytes) if saved > 0 else None
    )


_RULES: tuple[Callable[[Graph, Operator], Cheaper | None], ...] = (_separable, _global_pooling)
