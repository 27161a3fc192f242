"""Random models of one elementwise operator for tests, drawn by hypothesis: unary ones, of two tensors, SOFTMAX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from chain import Chain
from hypothesis import strategies as st
from operator_models import ACTIVATIONS, scales, zero_points
from tflite_builder import Builder

Shape = tuple[int, int, int]

shapes = st.tuples(st.integers(1, 6), st.integers(1, 40), st.integers(1, 70))
# Also ones that no converter would write; at ratios beyond these TFLM overflows.
extreme_scales = st.floats(2**-14, 2**8, width=32)

# The unary operators that TFLM has, and their options tables. TFLite has none for some: theirs is an empty one.
UNARY = ("QUANTIZE", "RELU", "RELU6", "LEAKY_RELU", "LOGISTIC", "TANH", "HARD_SWISH", "ABS")
OPTIONS = {"LEAKY_RELU": "LeakyReluOptions", "GELU": "GeluOptions", "SOFTMAX": "SoftmaxOptions"}
NO_OPTIONS = "AbsOptions"
BINARY = {
    "ADD": "AddOptions",
    "SUB": "SubOptions",
    "MUL": "MulOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "PRELU": NO_OPTIONS,
}
FUSING = ("ADD", "SUB", "MUL")


@dataclass(frozen=True)
class Model:
    """A `.tflite`, the shapes of its inputs, a seed."""

    tflite: bytes
    shapes: list[Shape]
    seed: int


Ends = tuple[tuple[float, int], tuple[float, int]]


def unary(kind: str, shape: Shape, ends: Ends, **fields: float) -> bytes:
    """A model of one operator; `ends` are scale and zero point of its input and of its output."""
    b = Builder()
    source, result = (b.tensor((1, *shape), scale, zero_point) for scale, zero_point in ends)
    b.operator(kind, [source], result, OPTIONS.get(kind, NO_OPTIONS), **fields)
    return b.build([source], [result])


@st.composite
def unary_models(draw: Any, shape: st.SearchStrategy[Shape] = shapes, kinds: Any = UNARY) -> Model:
    """One of the functions of one value."""
    kind = draw(st.sampled_from(kinds))
    some_scales = draw(st.sampled_from([scales, extreme_scales]))
    scale_in = draw(some_scales)
    scale_out = draw(st.one_of(st.just(scale_in), some_scales))
    if kind == "HARD_SWISH":
        scale_out = max(scale_out, scale_in / 64)
    ends = (scale_in, draw(zero_points)), (scale_out, -128 if kind == "LOGISTIC" else draw(zero_points))
    slopes = st.one_of(st.floats(-2, 2, width=32), st.sampled_from([-0.5, -0.25, -0.75, 0.5]))
    fields = {"Alpha": draw(slopes)} if kind == "LEAKY_RELU" else {}
    drawn = draw(shape)
    return Model(unary(kind, drawn, ends, **fields), [drawn], draw(st.integers(0, 2**31)))


def operand_shapes(whole: Shape) -> st.SearchStrategy[Shape]:
    """Shapes that can be repeated to `whole`; half of them are it."""
    some = st.tuples(*(st.sampled_from([1, length]) for length in whole))
    return st.one_of(st.just(whole), some)


# Among powers of two many results lie halfway between two values.
tied_scales = st.sampled_from([0.125, 0.25, 0.5, 1.0])


@st.composite
def binary_models(draw: Any, kinds: Any = tuple(BINARY)) -> Model:
    """One of the operators of two tensors: the one with the whole shape computed, the other perhaps a constant."""
    kind, whole = draw(st.sampled_from(kinds)), draw(shapes)
    swapped = kind != "PRELU" and draw(st.booleans())
    constant = draw(st.booleans())
    seed = draw(st.integers(0, 2**31))
    b = Builder()
    tied = draw(st.booleans())
    scale_a, scale_b = draw(tied_scales if tied else scales), draw(tied_scales if tied else scales)
    scale = draw(tied_scales if tied else st.just(_output_scale(draw, kind, scale_a, scale_b)))
    a = b.tensor((1, *whole), scale_a, draw(zero_points))
    shape_b = draw(operand_shapes(whole))
    if constant:
        values = np.random.default_rng(seed).integers(-128, 128, shape_b).astype(np.int8)
        other = b.constant(values, [scale_b])
        b.tensors[other].zero_point = draw(zero_points)
    else:
        other = b.tensor((1, *shape_b), scale_b, draw(zero_points))
    result = b.tensor((1, *whole), scale, draw(zero_points))
    fields: dict[str, int] = {}
    if kind in FUSING:
        fields["FusedActivationFunction"] = ACTIVATIONS[draw(st.sampled_from(list(ACTIVATIONS)))]
    b.operator(kind, [other, a] if swapped else [a, other], result, BINARY[kind], **fields)
    inputs = [(a, whole)] if constant else [(a, whole), (other, shape_b)]
    return Model(b.build([index for index, _ in inputs], [result]), [shape for _, shape in inputs], seed)


def _output_scale(draw: Any, kind: str, scale_a: float, scale_b: float) -> float:
    """A scale with which the outputs neither all saturate nor all vanish, or at times any."""
    typical = max(scale_a, scale_b) if kind not in ("MUL", "PRELU") else scale_a * scale_b * 64
    return draw(
        st.one_of(scales, st.floats(0.25, 4.0).map(lambda factor: float(np.float32(typical * factor))))
    )


@st.composite
def softmax_models(draw: Any) -> Model:
    """A SOFTMAX."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 70)))
    b = Builder()
    source = b.tensor((1, *shape), draw(st.one_of(scales, extreme_scales)), draw(zero_points))
    result = b.tensor((1, *shape), 1 / 256, -128)
    b.operator("SOFTMAX", [source], result, "SoftmaxOptions", Beta=draw(st.sampled_from([1.0, 0.5, 3.7])))
    return Model(b.build([source], [result]), [shape], draw(st.integers(0, 2**31)))


class ElementwiseChain(Chain):
    """A Chain of elementwise operators."""

    def of_one(self, kind: str, scale: float, zero_point: int, **fields: float) -> ElementwiseChain:
        self.scale, self.zero_point = scale, zero_point
        self._layer(kind, [], self.shape, OPTIONS.get(kind, NO_OPTIONS), **fields)
        return self

    def of_two(
        self, kind: str, other: int, scale: float, zero_point: int, first: bool = False
    ) -> ElementwiseChain:
        """The operator with tensor `other` as its second input, or its first."""
        self.scale, self.zero_point = scale, zero_point
        result = self.builder.tensor((1, *self.shape), scale, zero_point)
        inputs = [other, self.tensor] if first else [self.tensor, other]
        self.builder.operator(kind, inputs, result, BINARY[kind])
        self.tensor = result
        return self

    def per_channel(self, scale: float, zero_point: int) -> int:
        """A constant for each channel."""
        constant = self.builder.constant(self._random(self.shape[2]), [scale])
        self.builder.tensors[constant].zero_point = zero_point
        return constant


def elementwise_chain() -> ElementwiseChain:
    """Operators of one and of two tensors, in all forms that the engine has."""
    chain = ElementwiseChain((6, 5, 4), seed=300, scale=1 / 32, zero_point=3)
    whole = chain.tensor
    chain.max_pool((6, 5), (1, 1))
    gate = chain.of_one("LOGISTIC", 1 / 256, -128).tensor
    chain.tensor, chain.shape = whole, (6, 5, 4)
    gated = chain.of_two("MUL", gate, 1 / 40, -4).tensor
    chain.of_two("ADD", whole, 1 / 19, 7).of_two("SUB", chain.per_channel(1 / 50, 1), 1 / 21, 2, first=True)
    chain.of_two("PRELU", chain.per_channel(1 / 60, -9), 1 / 16, 5).of_one("QUANTIZE", 1 / 9, 5)
    chain.of_two("ADD", whole, 1 / 11, -1)  # results near halves, as these scales give many: no weighted sum
    return chain.of_two("MAXIMUM", gated, 1 / 11, -1).of_one("SOFTMAX", 1 / 256, -128, Beta=1.0)
