"""The byte layout of a `.cvl` file: the one place where it stands.

A `.cvl` is little-endian and read in place on the board:

    header | operators[operator_count] | ports[input_count + output_count] | goals[goal_count] | data

- **Operators** stand in an order in which each reads only earlier ones. Every operator makes one tensor,
  int8[height, width, channels], kept in a ring of `ring_rows` rows at `offset` in the arena: row r lies in
  slot r % ring_rows. The first `input_count` operators are INPUT: their rows come from the caller. One with a
  ring of 0 rows reads the caller's int8 values where they lie, and takes no others.
- **Ports** describe the model's inputs, then its outputs: operator, zero point, scale.
- **Goals** are operators to be pulled to their last row, in this order; they define the schedule, which
  engine/run.c follows.
- **Data** holds weights, per-channel tables, labels and test vectors; records point to it by file offset,
  0 is "none". First come labels, test vectors, places and the tables of mapped operators: with the records they are
  the file's **head**, which a board keeps in RAM when it reads the rest through a window (engine/window.c). Behind it
  lie the constants of one operator after the other, each operator's in one piece.
- The arena begins with one STATE record for each operator; the rings lie behind them.
- **A stream** (FLAG_STREAM) has no last row: its `height`s say how many rows its operators make in the same time,
  a period, and its only goal makes one row for each step. Whenever two periods have passed, all count back by one.

`scripts/generate_format_h.py` writes `micropython_module/engine/format.h` from this file; a test fails when
it is stale.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

MAGIC = b"CVL1"
VERSION = 2

NO_OPERATOR = 0xFFFF  # in `input`: none
NO_ROW = 0xFFFF  # in a map: a row of padding
FILL = -(2**31)  # in the offset of a run: no bytes of the input, but the fill value
MAX_INPUTS = 8
MAX_OUTPUTS = 0xFF  # output_count is a byte
MAX_KERNEL_H = 128  # the engine keeps this many row pointers on its stack
MAX_PERIOD = 0xFFFF // 4  # rows of a stream's period: those of two and a step are counted in 16 bits
MAX_KERNEL_BYTES = (
    131071  # weights of one output channel: more could overflow 32-bit sums of products of two int8
)
MAX_TENSOR_VALUES = 0x3FFFFFFF  # as float32 they are still counted in 32 bits
KERNEL_ALL = 0  # in `kernel_h` and `kernel_w`: the whole input

# The operators by their code, with the stem of their functions in the engine; some share them. The names are
# TFLite's where TFLite has the operator.
STEMS = {
    "INPUT": "input",
    "CONV_2D": "conv2d",
    "MAX_POOL_2D": "max_pool",
    "FULLY_CONNECTED": "dense",
    "RESHAPE": "reshape",
    "DEPTHWISE_CONV_2D": "depthwise_conv2d",
    "AVERAGE_POOL_2D": "average_pool",
    "SUM": "sum",
    "REDUCE_MAX": "reduce_max",
    "LOOKUP": "lookup",
    "ADD": "elementwise",
    "WEIGHTED_SUM": "elementwise",
    "MUL": "elementwise",
    "MINIMUM": "elementwise",
    "MAXIMUM": "elementwise",
    "PRELU": "elementwise",
    "SOFTMAX": "softmax",
    "COPY": "copy",
    "SPACE_TO_DEPTH": "space_to_depth",
    "CONCATENATION": "concatenation",
    "RESIZE_BILINEAR": "resize_bilinear",
    "CONV_2D_WIDE": "conv2d_wide",
    "DEPTHWISE_3X3": "depthwise_3x3",
    "CONV_2D_MAX_POOL": "conv2d_wide",
}
OPERATORS = tuple(STEMS)
OP = {name: code for code, name in enumerate(OPERATORS)}

# What a model may need of the engine besides its kernels.
STREAM = "STREAM"  # FLAG_STREAM
LOGITS = "LOGITS"  # FLAG_LOGITS
ACCUMULATION = "ACCUMULATION"  # FLAG_ACCUMULATES
ROW_MAPS = "ROW_MAPS"  # FLAG_MAPPED
ROW_PLACES = "ROW_PLACES"  # FLAG_PLACED
SECOND_INPUTS = "SECOND_INPUTS"  # input_b
DILATION = "DILATION"  # dilation_h or dilation_w above 1
PADDING = "PADDING"  # windows that reach beyond the input, or may
IN_PLACE_INPUTS = "IN_PLACE_INPUTS"  # an INPUT with ring_rows 0
SEVERAL_PORTS = "SEVERAL_PORTS"  # input_count or output_count above 1
SEVERAL_GOALS = "SEVERAL_GOALS"  # goal_count above 1
TEST_VECTORS = "TEST_VECTORS"  # vector_count
COPIES = "COPIES"  # copy
# Of CONV_2D_WIDE and CONV_2D_MAX_POOL:
BYTE_WEIGHTS = "BYTE_WEIGHTS"  # WIDE_BYTES
SINGLE_CHANNELS = "SINGLE_CHANNELS"  # WIDE_SINGLE
ODD_PIXELS = "ODD_PIXELS"  # neither one channel nor a whole input of a multiple of 4 values
LONG_SCALES = "LONG_SCALES"  # scales without a short form
TILES = "TILES"  # WIDE_TILE
FEATURES = (
    STREAM,
    LOGITS,
    ACCUMULATION,
    ROW_MAPS,
    ROW_PLACES,
    SECOND_INPUTS,
    DILATION,
    PADDING,
    IN_PLACE_INPUTS,
    SEVERAL_PORTS,
    SEVERAL_GOALS,
    TEST_VECTORS,
    COPIES,
    BYTE_WEIGHTS,
    SINGLE_CHANNELS,
    ODD_PIXELS,
    LONG_SCALES,
    TILES,
)

# What no model says: the user wants it or not.
EXTRAS = {
    "PUSH": "images row by row, by push and step, which streams have in any case",
    "PROFILE": "what each operator takes, by profile",
    "UNALIGNED_FILES": "files that do not begin at a multiple of 4 bytes",
}

CHOOSABLE = (*OPERATORS[1:], *FEATURES, *EXTRAS)  # what a build may leave out: every model has an INPUT

# Header flags.
FLAG_LOGITS = 1  # the first output holds logits: a probability is their softmax
FLAG_STREAM = 2  # rows come without end, and each step gives a row of the only output

# Operator flags.
FLAG_ACCUMULATES = 1  # takes the rows of its input one by one, as they are made; see node.py
FLAG_MAPPED = 2  # the window of row r begins at input row map[r]; `table` begins with it, uint16[height]
FLAG_B_FIRST = 4  # pulls its second input before the first
FLAG_PLACED = 8  # `offset` is a file offset: where each row lies in the arena, uint16[height]

# In `parameter` of CONV_2D_WIDE and CONV_2D_MAX_POOL, whose other bits are WIDE_TILE times the pixels that are made at
# a time; 0: all.
WIDE_BYTES = 1  # its weights are int8
WIDE_SHORT = 2  # all its scales have a short form
WIDE_SINGLE = 4  # its weights are int8 in the order of single channels; all its scales have a short form
WIDE_TILE = 8
MOST_POOLED_WORDS = (
    48  # of a window of CONV_2D_MAX_POOL: the engine may copy a channel's weights to its stack
)

NO_SHORT_SCALE = 0xFF  # in `shift` of a scale


@dataclass(frozen=True)
class Record:
    """A fixed-size record of named little-endian fields, all naturally aligned, so that a C struct has its
    layout.
    """

    name: str
    doc: str
    fields: tuple[tuple[str, str, str], ...]  # name, struct code, meaning

    @property
    def codes(self) -> str:
        return "<" + "".join(code for _, code, _ in self.fields)

    @property
    def size(self) -> int:
        return struct.calcsize(self.codes)

    def pack(self, **values: Any) -> bytes:
        """The record's bytes. Raises KeyError for a missing field, TypeError for one too many, struct.error
        for one
        out of range."""
        extra = values.keys() - {name for name, _, _ in self.fields}
        if extra:
            raise TypeError(f"{self.name} has no field {', '.join(sorted(extra))}")
        return struct.pack(self.codes, *(values[name] for name, _, _ in self.fields))

    def unpack(self, data: bytes, offset: int = 0) -> dict[str, Any]:
        """Field values of the record at `offset`. Raises struct.error when `data` ends before it."""
        values = struct.unpack_from(self.codes, data, offset)
        return {name: value for (name, _, _), value in zip(self.fields, values, strict=True)}


HEADER = Record(
    "header",
    "Begins the file.",
    (
        ("magic", "4s", "CVL1"),
        ("crc32", "I", "CRC-32 (zlib's) of all bytes behind this field"),
        ("file_bytes", "I", "size of the whole file"),
        ("arena_bytes", "I", "RAM that a run needs, exactly"),
        ("version", "H", "of the format"),
        ("flags", "H", "FLAG_..."),
        ("operator_count", "H", ""),
        ("input_count", "B", "the first operators are the inputs"),
        ("output_count", "B", ""),
        ("goal_count", "H", ""),
        ("label_count", "H", "0 or the number of channels of the first output"),
        ("labels", "I", "file offset: for each label its length (1 byte) and its UTF-8 text"),
        (
            "vectors",
            "I",
            "file offset: for each test vector a seed and one CRC-32 for each operator (all 4 bytes)",
        ),
        ("vector_count", "H", ""),
        ("head_words", "H", "size of the head in words of 4 bytes; 0: too large to say"),
    ),
)

OPERATOR = Record(
    "operator",
    "One operator and the tensor that it makes.",
    (
        ("code", "B", "CVL_OP_..."),
        ("flags", "B", "FLAG_..."),
        ("input", "H", "index of the operator whose tensor it reads; CVL_NO_OPERATOR for INPUT"),
        ("input_b", "H", "a second one, or CVL_NO_OPERATOR"),
        ("height", "H", "rows of its own tensor"),
        ("width", "H", "pixels of a row"),
        ("channels", "H", "bytes of a pixel"),
        ("ring_rows", "H", "rows that are kept; equal to height: the whole tensor; 0: none, see INPUT"),
        ("kernel_h", "B", "input rows of a window; CVL_KERNEL_ALL: all"),
        ("kernel_w", "B", ""),
        ("stride_h", "B", ""),
        ("stride_w", "B", ""),
        ("dilation_h", "B", ""),
        ("dilation_w", "B", ""),
        (
            "copy",
            "H",
            "of its weights and its table, one behind the other, made with its first row: a word of the arena; 0: none",
        ),
        ("pad_top", "h", "the window of output row r begins at row r * stride_h - pad_top"),
        ("pad_left", "h", ""),
        ("parameter", "H", "what the kernel says"),
        ("zero_point_in", "b", "value of the padding"),
        ("zero_point_out", "b", "added after requantising"),
        ("clamp_min", "b", "fused activation"),
        ("clamp_max", "b", ""),
        ("offset", "I", "of the ring in the arena, or FLAG_PLACED"),
        ("scratch", "I", "of the kernel's own bytes in the arena, a multiple of 4; 0: none"),
        ("weights", "I", "file offset: what the kernel says"),
        ("table", "I", "file offset: what the kernel says"),
    ),
)

PORT = Record(
    "port",
    "An input or output of the model: real value = (q - zero_point) * scale.",
    (
        ("op_index", "H", "the operator whose tensor it is"),
        ("zero_point", "b", ""),
        ("reserved", "B", "0"),
        ("scale", "f", ""),
    ),
)

STATE = Record(
    "state",
    "What the engine remembers of an operator during a run, in the arena.",
    (
        ("next_row", "H", "the row that it makes next"),
        ("step", "H", "the step that it does next: a row, or for FLAG_ACCUMULATES a row of its input"),
        ("slot", "H", "next_row % ring_rows, kept since few processors divide fast"),
        ("parent", "H", "the operator that asked for it"),
    ),
)

RUN = Record(
    "run",
    "A piece of an axis of COPY: entry i is found at byte "
    "offset + i / inner * outer_step + i % inner * inner_step.",
    (
        ("outer", "H", "at least 1, as inner"),
        ("inner", "H", ""),
        ("offset", "i", "CVL_FILL: all of it is the fill value"),
        ("outer_step", "i", ""),
        ("inner_step", "i", ""),
    ),
)

SCALE = Record(
    "scale",
    "How a sum of products, with its bias, becomes an int8 value: as TFLM does, s * multiplier * 2^(-31 - right) "
    "rounded twice, plus the zero point, clamped; or, where the shift is below 32, as the host has proved to be the "
    "same, (s * high + ((s >> 3) * low >> 13) - (s >>> 18) + offset) >> shift of an s that is clamped before.",
    (
        ("bias", "i", "less zero_point_in * sum(weights)"),
        ("least", "i", "below it, s is taken as this"),
        ("most", "i", "above it, s is taken as this"),
        ("high", "i", ""),
        ("low", "i", ""),
        ("offset", "i", ""),
        ("shift", "B", "0 to 31, or NO_SHORT_SCALE"),
        ("right", "B", "1 to 31"),
        ("reserved", "H", "0"),
        ("multiplier", "i", ""),
    ),
)

RECORDS = (HEADER, OPERATOR, PORT, STATE, RUN, SCALE)
CHANNEL_BYTES = (
    9  # of a table of biases, multipliers and shifts: int32[channels], int32[channels], int8[channels]
)

_C_TYPES = {
    "4s": "uint8_t",
    "I": "uint32_t",
    "i": "int32_t",
    "H": "uint16_t",
    "B": "uint8_t",
    "h": "int16_t",
    "b": "int8_t",
    "f": "float",
}


def _c_struct(record: Record) -> str:
    lines = [f"// {record.doc}", "typedef struct {"]
    for name, code, meaning in record.fields:
        declaration = f"{_C_TYPES[code]} {name}{'[4]' if code == '4s' else ''};"
        lines.append(f"    {declaration:<24}// {meaning}" if meaning else f"    {declaration}")
    lines += [
        f"}} cvl_{record.name}_t;",
        f'_Static_assert(sizeof(cvl_{record.name}_t) == {record.size}, "layout");',
    ]
    return "\n".join(lines)


def _c_choice() -> str:
    """Macros CVL_WITH_name, 1 or 0: whether a build has that operator or feature."""
    lines = [
        "// A build has all operators and features, or with CVL_ONLY defined those whose CVL_WITH_... it defines.",
        "#ifdef CVL_ONLY\n#define CVL_WITH_OTHERS 0\n#else\n#define CVL_WITH_OTHERS 1\n#endif",
        "#define CVL_WITH_INPUT 1",
    ]
    for name in CHOOSABLE:
        lines.append(f"#ifndef CVL_WITH_{name}\n#define CVL_WITH_{name} CVL_WITH_OTHERS\n#endif")
    return "\n".join(lines)


def c_header() -> str:
    """The text of `engine/format.h`."""
    names = " ".join(f"X({name}, {stem})" for name, stem in STEMS.items())
    parts = [
        "// Generated by scripts/generate_format_h.py from host/convlet/format.py.\n// clang-format off",
        "#ifndef CVL_FORMAT_H\n#define CVL_FORMAT_H\n\n#include <stdint.h>",
        "#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__\n"
        '#error "records are copied from the file as they are: little-endian processors only"\n#endif',
        "\n".join(
            (
                f"#define CVL_MAGIC 0x{int.from_bytes(MAGIC, 'little'):08x}u",
                f"#define CVL_VERSION {VERSION}",
                f"#define CVL_NO_OPERATOR 0x{NO_OPERATOR:x}",
                f"#define CVL_MAX_INPUTS {MAX_INPUTS}",
                f"#define CVL_MAX_KERNEL_H {MAX_KERNEL_H}",
                f"#define CVL_MAX_PERIOD {MAX_PERIOD}",
                f"#define CVL_MAX_KERNEL_BYTES {MAX_KERNEL_BYTES}u",
                f"#define CVL_MAX_TENSOR_VALUES {MAX_TENSOR_VALUES}u",
                f"#define CVL_KERNEL_ALL {KERNEL_ALL}",
                *(
                    f"#define CVL_{name} {value}"
                    for name, value in globals().items()
                    if name.startswith("FLAG_")
                ),
                f"#define CVL_WIDE_BYTES {WIDE_BYTES}",
                f"#define CVL_WIDE_SHORT {WIDE_SHORT}",
                f"#define CVL_WIDE_SINGLE {WIDE_SINGLE}",
                f"#define CVL_WIDE_TILE {WIDE_TILE}",
                f"#define CVL_MOST_POOLED_WORDS {MOST_POOLED_WORDS}",
                f"#define CVL_NO_SHORT_SCALE {NO_SHORT_SCALE}",
                f"#define CVL_NO_ROW 0x{NO_ROW:x}",
                f"#define CVL_FILL ({FILL + 1} - 1)",
                f"#define CVL_CHANNEL_BYTES {CHANNEL_BYTES}",
            )
        ),
        f"#define CVL_OPERATORS(X) {names}\n"
        "#define CVL_OPERATOR_CODE(name, stem) CVL_OP_##name,\n"
        "enum { CVL_OPERATORS(CVL_OPERATOR_CODE) CVL_OP_COUNT };",
        f"#define CVL_FEATURES(X) {' '.join(f'X({name})' for name in (*FEATURES, *EXTRAS))}\n"
        "#define CVL_FEATURE_CODE(name) CVL_FEATURE_##name,\n"
        "enum { CVL_LAST_OPERATOR = CVL_OP_COUNT - 1, CVL_FEATURES(CVL_FEATURE_CODE) CVL_PART_COUNT };",
        _c_choice(),
        *(_c_struct(record) for record in RECORDS),
        "#endif",
    ]
    return "\n\n".join(parts) + "\n"
