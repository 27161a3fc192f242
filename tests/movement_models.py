"""Random models of operators that move values, drawn by hypothesis."""

from __future__ import annotations

from typing import Any

import numpy as np
import tflite
from hypothesis import strategies as st
from operator_models import scales, zero_points
from tflite_builder import INT32, Builder, BuiltTensor

Model = tuple[bytes, tuple[int, ...], int]  # the .tflite, the shape of its input, a seed
MOST_VALUES = 20000  # of a tensor, so that a thousand examples take seconds


class MovementModel:
    """A model of one operator, or of several in a row, that keep scale and zero point."""

    def __init__(self, draw: Any, shape: tuple[int, ...]) -> None:
        """`shape` with its batch."""
        self.builder, self.draw = Builder(), draw
        self.scale, self.zero_point = draw(scales), draw(zero_points)
        self.shape = shape
        self.input = self.tensor = self.builder.tensor(shape, self.scale, self.zero_point)

    def integers(self, values: Any) -> int:
        return self.builder.constant(np.array(values, np.int32))

    def move(
        self,
        kind: str,
        shape: Any,
        inputs: list[Any] | None = None,
        options: str = "ReshapeOptions",
        **fields: Any,
    ) -> MovementModel:
        """Add operator `kind`; `inputs` are constants, with None where the tensor goes, which is else the first."""
        result = self.builder.tensor(shape, self.scale, self.zero_point)
        places = [None, *(inputs or [])] if inputs is None or None not in inputs else inputs
        indices = [self.tensor if place is None else self.integers(place) for place in places]
        self.builder.operator(kind, indices, result, options, **fields)
        self.tensor, self.shape = result, tuple(int(size) for size in shape)
        return self

    def transpose(self, order: Any) -> MovementModel:
        return self.move("TRANSPOSE", [self.shape[axis] for axis in order], [order], "TransposeOptions")

    def reshape(self, *shape: int) -> MovementModel:
        return self.move("RESHAPE", shape, [shape])

    def pad(self, pads: Any) -> MovementModel:
        shape = [before + size + behind for size, (before, behind) in zip(self.shape, pads, strict=True)]
        return self.move("PAD", shape, [pads], "PadOptions")

    def build(self) -> Model:
        seed = self.draw(st.integers(0, 2**31))
        shape = self.builder.tensors[self.input].shape
        return self.builder.build([self.input], [self.tensor]), tuple(shape[1:]), seed


@st.composite
def image_shapes(draw: Any, most: int = MOST_VALUES, least: int = 2) -> tuple[int, ...]:
    """Shapes of rank `least` to 4 with a batch of 1: channels up to 70, width up to 40."""
    rank = draw(st.integers(least, 4))
    limits = [12, 40, 70][4 - rank :]
    shape = [draw(st.integers(1, limit)) for limit in limits]
    while np.prod(shape) > most:
        shape = [max(size // 2, 1) for size in shape]
    return (1, *shape)


pairs = st.tuples(st.integers(0, 4), st.integers(0, 4))


@st.composite
def pads(draw: Any) -> Model:
    """A PAD or PADV2."""
    model = MovementModel(draw, draw(image_shapes()))
    amounts = [(0, 0)] + [draw(st.one_of(st.just((0, 0)), pairs)) for _ in model.shape[1:]]
    if draw(st.booleans()):
        return model.pad(amounts).build()
    shape = [before + size + behind for size, (before, behind) in zip(model.shape, amounts, strict=True)]
    value = np.array([draw(zero_points)], np.int8)
    result = model.builder.tensor(shape, model.scale, model.zero_point)
    constant = model.builder.constant(value, [model.scale])
    model.builder.tensors[constant].zero_point = model.zero_point
    inputs = [model.tensor, model.integers(amounts), constant]
    model.builder.operator("PADV2", inputs, result, "PadV2Options")
    model.tensor = result
    return model.build()


@st.composite
def mirror_pads(draw: Any) -> Model:
    """A MIRROR_PAD of either mode."""
    model = MovementModel(draw, draw(image_shapes()))
    symmetric = draw(st.booleans())
    most = [0] + [min(size - (not symmetric), 5) for size in model.shape[1:]]
    amounts = [(draw(st.integers(0, m)), draw(st.integers(0, m))) for m in most]
    shape = [before + size + behind for size, (before, behind) in zip(model.shape, amounts, strict=True)]
    mode = tflite.MirrorPadMode.SYMMETRIC if symmetric else tflite.MirrorPadMode.REFLECT
    return model.move("MIRROR_PAD", shape, [amounts], "MirrorPadOptions", Mode=mode).build()


@st.composite
def slices(draw: Any) -> Model:
    """A SLICE."""
    model = MovementModel(draw, draw(image_shapes()))
    begins = [draw(st.integers(0, size - 1)) for size in model.shape]
    sizes = [draw(st.integers(1, size - begin)) for size, begin in zip(model.shape, begins, strict=True)]
    to_end = [draw(st.booleans()) for _ in sizes]
    shape = [
        size - b if end else n for size, b, n, end in zip(model.shape, begins, sizes, to_end, strict=True)
    ]
    stored = [-1 if end else n for n, end in zip(sizes, to_end, strict=True)]
    return model.move("SLICE", shape, [begins, stored], "SliceOptions").build()


@st.composite
def strided_slices(draw: Any) -> Model:
    """A STRIDED_SLICE, also backwards, with masks and dropped axes."""
    model = MovementModel(draw, draw(image_shapes()))
    begins, ends, strides, shape = [0], [1], [1], [1]
    masks = dict.fromkeys(("BeginMask", "EndMask", "ShrinkAxisMask"), 0)
    for axis, size in enumerate(model.shape[1:], 1):
        stride = draw(st.sampled_from([1, 1, 1, 2, 3, -1, -2]))
        begin, end = draw(st.integers(-size, size - 1)), draw(st.integers(-size - 1, size + 1))
        masked = {name: draw(st.booleans()) for name in ("BeginMask", "EndMask")}
        made = len(
            range(size)[None if masked["BeginMask"] else begin : None if masked["EndMask"] else end : stride]
        )
        shrink = draw(st.integers(0, 5)) == 0 and axis > 1
        if shrink:
            stride, masked = 1, {}
        elif made == 0:
            begin, stride, made, masked = 0, 1, size, {"EndMask": True}
        begins.append(begin), ends.append(end), strides.append(stride)
        if shrink:
            masks["ShrinkAxisMask"] |= 1 << axis
        else:
            shape.append(made)
        for name, on in masked.items():
            masks[name] |= on << axis
    return model.move("STRIDED_SLICE", shape, [begins, ends, strides], "StridedSliceOptions", **masks).build()


@st.composite
def transposes(draw: Any) -> Model:
    """A TRANSPOSE of two to four axes, the batch in its place."""
    model = MovementModel(draw, draw(image_shapes(least=3)))
    order = draw(st.permutations(range(1, len(model.shape))))
    return model.transpose([0, *order]).build()


@st.composite
def nearest_resizes(draw: Any) -> Model:
    """A RESIZE_NEAREST_NEIGHBOR, larger or smaller."""
    model = MovementModel(draw, draw(image_shapes(3000, least=4)))
    size = [draw(st.one_of(st.integers(1, 40), st.sampled_from([n, 2 * n, 3 * n]))) for n in model.shape[1:3]]
    fields = {name: draw(st.booleans()) for name in ("AlignCorners", "HalfPixelCenters")}
    shape = [1, *size, model.shape[3]]
    return model.move(
        "RESIZE_NEAREST_NEIGHBOR", shape, [size], "ResizeNearestNeighborOptions", **fields
    ).build()


@st.composite
def bilinear_resizes(draw: Any) -> Model:
    """A RESIZE_BILINEAR, larger or smaller."""
    model = MovementModel(draw, draw(image_shapes(3000, least=4)))
    size = [draw(st.one_of(st.integers(1, 40), st.sampled_from([n, 2 * n, 4 * n]))) for n in model.shape[1:3]]
    fields = draw(st.sampled_from([{}, {"AlignCorners": True}, {"HalfPixelCenters": True}]))
    shape = [1, *size, model.shape[3]]
    return model.move("RESIZE_BILINEAR", shape, [size], "ResizeBilinearOptions", **fields).build()


@st.composite
def blocks(draw: Any) -> Model:
    """A DEPTH_TO_SPACE or a SPACE_TO_DEPTH."""
    block = draw(st.integers(1, 4))
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 10))
    channels = draw(st.integers(1, 9))
    near, far = (height * block, width * block, channels), (height, width, channels * block**2)
    to_space = draw(st.booleans())
    shape, result = (far, near) if to_space else (near, far)
    kind, options = (
        ("DEPTH_TO_SPACE", "DepthToSpaceOptions") if to_space else ("SPACE_TO_DEPTH", "SpaceToDepthOptions")
    )
    model = MovementModel(draw, (1, *shape))
    return model.move(kind, (1, *result), [], options, BlockSize=block).build()


@st.composite
def broadcasts(draw: Any) -> Model:
    """A BROADCAST_TO."""
    whole = draw(image_shapes())
    model = MovementModel(draw, tuple(draw(st.sampled_from([size, 1])) for size in whole))
    return model.move("BROADCAST_TO", whole, [whole], "BroadcastToOptions").build()


@st.composite
def reshapes(draw: Any) -> Model:
    """A RESHAPE into any other rows."""
    model = MovementModel(draw, draw(image_shapes()))
    factors = [n for size in model.shape for n in _factors(size)]
    shape = [1, 1, 1]
    for factor in draw(st.permutations(factors)):
        shape[draw(st.integers(0, 2))] *= factor
    return model.reshape(1, *shape).build()


def _factors(number: int) -> list[int]:
    for factor in range(2, number + 1):
        if number % factor == 0:
            return [factor, *_factors(number // factor)]
    return []


@st.composite
def channel_shuffles(draw: Any) -> Model:
    """ShuffleNet's: channels in groups, the groups exchanged with what is in them."""
    groups, each = draw(st.integers(1, 6)), draw(st.integers(1, 10))
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 12))
    model = MovementModel(draw, (1, height, width, groups * each))
    model.reshape(1, height, width, groups, each).transpose([0, 1, 2, 4, 3])
    return model.reshape(1, height, width, groups * each).build()


@st.composite
def repeats(draw: Any) -> Model:
    """Keras' UpSampling as a chain of RESHAPE and BROADCAST_TO, then padding."""
    height, width, channels = draw(st.integers(1, 6)), draw(st.integers(1, 12)), draw(st.integers(1, 8))
    times = draw(st.integers(1, 3))
    model = MovementModel(draw, (1, height, width, channels)).reshape(1, height, width, 1, channels)
    wide = (1, height, width, times, channels)
    model.move("BROADCAST_TO", wide, [wide], "BroadcastToOptions").reshape(1, height, width * times, channels)
    return model.pad([(0, 0), draw(pairs), draw(pairs), draw(pairs)]).build()


@st.composite
def move_chains(draw: Any) -> Model:
    """Moves of any kind in a row."""
    model = MovementModel(draw, draw(image_shapes(600, least=4)))
    for _ in range(draw(st.integers(2, 4))):
        kind = draw(st.sampled_from(["pad", "transpose", "reshape", "slice"]))
        if kind == "pad":
            model.pad([(0, 0), *(draw(st.tuples(st.integers(0, 1), st.integers(0, 1))) for _ in range(3))])
        elif kind == "transpose":
            model.transpose([0, *draw(st.permutations([1, 2, 3]))])
        elif kind == "reshape":
            model.reshape(1, *draw(st.permutations(model.shape[1:])))
        elif kind == "slice":
            shape = [1, *(draw(st.integers(max(size - 2, 1), size)) for size in model.shape[1:])]
            begins = [size - left for size, left in zip(model.shape, shape, strict=True)]
            model.move("SLICE", shape, [begins, shape], "SliceOptions")
    return model.build()


@st.composite
def splits(draw: Any) -> Model:
    """A SPLIT or SPLIT_V, one of whose parts is the output."""
    model = MovementModel(draw, draw(image_shapes()))
    axis, equal = draw(st.integers(1, len(model.shape) - 1)), draw(st.booleans())
    size = model.shape[axis]
    if equal:
        count = draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0 and n <= 8]))
        sizes = [size // count] * count
    else:
        cuts = sorted(draw(st.sets(st.integers(1, max(size - 1, 1)), max_size=3)) - {size})
        sizes = [end - begin for begin, end in zip([0, *cuts], [*cuts, size], strict=True)]
    shapes = [[*model.shape[:axis], part, *model.shape[axis + 1 :]] for part in sizes]
    results = [model.builder.tensor(shape, model.scale, model.zero_point) for shape in shapes]
    stored = model.integers(axis - draw(st.sampled_from([0, len(model.shape)])))
    if equal:
        model.builder.operators_of(
            "SPLIT", [stored, model.tensor], results, "SplitOptions", NumSplits=len(sizes)
        )
    else:
        inputs = [model.tensor, model.integers(sizes), stored]
        model.builder.operators_of("SPLIT_V", inputs, results, "SplitVOptions", NumSplits=len(sizes))
    model.tensor = draw(st.sampled_from(results))
    return model.build()


@st.composite
def concatenations(draw: Any) -> Model:
    """A CONCATENATION of slices of the input, which need not differ, along any axis."""
    model = MovementModel(draw, draw(image_shapes(4000)))
    axis = draw(st.integers(1, len(model.shape) - 1))
    source, shape, parts = model.tensor, model.shape, []
    for _ in range(draw(st.integers(1, 5))):
        begin = draw(st.integers(0, shape[axis] - 1))
        size = draw(st.integers(1, shape[axis] - begin))
        model.tensor, part = source, [*shape[:axis], size, *shape[axis + 1 :]]
        if size < shape[axis]:
            begins = [begin if i == axis else 0 for i in range(len(shape))]
            model.move("SLICE", part, [begins, part], "SliceOptions")
        parts.append((model.tensor, size))
    result_shape = [*shape[:axis], sum(size for _, size in parts), *shape[axis + 1 :]]
    result = model.builder.tensor(result_shape, model.scale, model.zero_point)
    stored = axis - draw(st.sampled_from([0, len(shape)]))
    tensors = [tensor for tensor, _ in parts]
    model.builder.operator("CONCATENATION", tensors, result, "ConcatenationOptions", Axis=stored)
    model.tensor = result
    return model.build()


def flatten_of_free_batch(wrong=False):
    """What Keras makes of Flatten when the batch is free: the batch is taken from the shape, and packed with -1."""
    b = Builder()
    source, result = b.tensor((1, 4, 6, 2), 0.5, 3), b.tensor((1, 48), 0.5, 3)
    shape, batch, packed = (len(b.tensors) + i for i in range(3))
    b.tensors += [BuiltTensor(size, type=INT32) for size in ((4,), (), (2,))]
    begin, end, step, rest = (b.constant(np.array(v, np.int32)) for v in ([0], [1], [1], -1))
    b.operator("SHAPE", [source], shape, "ShapeOptions", OutType=INT32)
    b.operator("STRIDED_SLICE", [shape, begin, end, step], batch, "StridedSliceOptions", ShrinkAxisMask=1)
    b.operator("PACK", [batch, rest], packed, "PackOptions", ValuesCount=2)
    pooled = b.tensor((1, 4, 6, 2), 0.5, 3)
    fields = {"StrideH": 1, "StrideW": 1, "FilterHeight": 1, "FilterWidth": 1, "Padding": 1}
    b.operator("MAX_POOL_2D", [source], pooled, "Pool2DOptions", **fields)
    b.operator("RESHAPE", [pooled, packed], result, "ReshapeOptions")
    return b.build([source], [packed if wrong else result])
