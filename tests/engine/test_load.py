"""Damaged files: each is refused with the text that says what is wrong with it."""

import re
import struct
import zlib

import convlet
import pytest
from chain import Chain, digits_chain, moved_chain, padded_chain, stream_chain
from convlet.compile import compile_tflite
from convlet.engine_build import ENGINE
from convlet.format import FLAG_PLACED, HEADER, MAX_KERNEL_H, NO_ROW, OP, OPERATOR, PORT, RUN, STATE, VERSION
from cvl_edit import edited, field, goals_of, patched, sealed
from exactness import with_variant

CVL = with_variant(compile_tflite(digits_chain().build()), False, [*"0123456789"]).cvl
CONV, POOL, DENSE = 1, 2, 3  # operators of CVL
RESHAPED = compile_tflite(Chain((4, 4, 2)).max_pool().reshape(1, 4, 2).conv(2, (1, 1)).build()).cvl
RESHAPE = 2  # operator of RESHAPED
MOVED = compile_tflite(moved_chain().build()).cvl
BLOCKS, COPY, BELOW, RESIZE, BESIDE, WHOLE_COPY = 1, 2, 3, 4, 5, 8  # operators of MOVED

SIZE, ARENA = len(CVL), HEADER.unpack(CVL)["arena_bytes"]
STATES = STATE.size * 4
MANY_VALUES = 0x3FFFFFFF


def header(**fields):
    return edited(CVL, HEADER, **fields)


def operator(index, data=CVL, **fields):
    return edited(data, OPERATOR, index, **fields)


def port(index, **fields):
    return edited(CVL, PORT, index, **fields)


def goal(index):
    return patched(CVL, goals_of(CVL), index.to_bytes(2, "little"))


def shift(value):
    """The first shift of the convolution."""
    at = field(CVL, OPERATOR, CONV, "table") + 8 * field(CVL, OPERATOR, CONV, "channels")
    return patched(CVL, at, value.to_bytes(1, "little", signed=True))


def run(position, **fields):
    """MOVED with other numbers in one run of COPY."""
    at = field(MOVED, OPERATOR, COPY, "table") + COUNTS + RUN.size * position
    return patched(MOVED, at, RUN.pack(**RUN.unpack(MOVED, at) | fields))


def flags(index, on=0, off=0, **fields):
    """MOVED with other flags of one operator."""
    return operator(index, MOVED, flags=(field(MOVED, OPERATOR, index, "flags") | on) & ~off, **fields)


def runs(*counts):
    """MOVED with other numbers of runs in COPY."""
    return patched(MOVED, field(MOVED, OPERATOR, COPY, "table"), struct.pack("<3H", *counts))


def grid(position, value):
    """MOVED with another begin or scale in RESIZE."""
    at = field(MOVED, OPERATOR, RESIZE, "table") + 2 * field(MOVED, OPERATOR, RESIZE, "height") + 4 * position
    return patched(MOVED, at, struct.pack("<i", value))


def row_of_resize(row):
    return patched(MOVED, field(MOVED, OPERATOR, RESIZE, "table"), struct.pack("<H", row))


FLIPPED = CVL[:-1] + bytes([CVL[-1] ^ 1])
RECORDS_END = goals_of(CVL) + 2
BAD_PORT = "a port names operator {} of 4, or has a bad scale"
COUNTS = 3 * 2  # bytes, before the runs of a COPY
RUNS = "its runs make or read {} bytes, expected {}"
TABLE = "its table ends at byte {} of {}"
SHAPE = "its shape holds {}, expected 1 to {}"
VALUES = "it makes {} values, expected {}"
WINDOW = "its kernel, stride or dilation is {}, expected 1 to {}"

# Name in CVL_ERRORS, damaged file, text.
DAMAGES = [
    ("FILE_BYTES", b"", "the file has 0 bytes, expected 40"),
    ("FILE_BYTES", CVL[:39], "the file has 39 bytes, expected 40"),
    ("NOT_CVL", b"X" + CVL[1:], "not a .cvl file: it begins with 0x314c5658, expected 0x314c5643"),
    (
        "VERSION",
        header(version=9),
        "format version 9, this engine reads 2: compile again",
    ),
    ("FILE_BYTES", CVL[:-1], f"the file has {SIZE - 1} bytes, expected {SIZE}"),
    ("FILE_BYTES", CVL + b"\0", f"the file has {SIZE + 1} bytes, expected {SIZE}"),
    (
        "CHECKSUM",
        FLIPPED,
        f"the file is damaged: checksum 0x{zlib.crc32(FLIPPED[8:]):08x}, "
        f"expected 0x{zlib.crc32(CVL[8:]):08x}",
    ),
    (
        "TABLE_END",
        header(goal_count=60000),
        f"its records end at byte {RECORDS_END + 2 * 59999} of {SIZE}",
    ),
    ("COUNT", header(input_count=0), "a count is 0, the limit is 1"),
    ("COUNT", header(input_count=9), "a count is 9, the limit is 8"),
    ("COUNT", header(output_count=0), "a count is 0, the limit is 1"),
    ("COUNT", header(goal_count=0), "a count is 0, the limit is 1"),
    (
        "COUNT",
        header(operator_count=1),
        "a count is 1, the limit is 2",
    ),
    (
        "COUNT",
        header(operator_count=0xFFFF),
        "a count is 65535, the limit is 65534",
    ),
    ("COUNT", header(label_count=9), "a count is 9, the limit is 10"),
    ("GOAL", goal(0), "goal 0 is not one of 4 operators"),
    ("GOAL", goal(4), "goal 4 is not one of 4 operators"),
    ("PORT", port(0, op_index=1), BAD_PORT.format(1)),
    ("PORT", port(1, op_index=4), BAD_PORT.format(4)),
    ("PORT", port(1, scale=0.0), BAD_PORT.format(3)),
    ("PORT", port(1, scale=-1.0), BAD_PORT.format(3)),
    ("PORT", port(1, scale=float("nan")), BAD_PORT.format(3)),
    ("PORT", port(0, scale=float("inf")), BAD_PORT.format(0)),
    ("OUTPUT", edited(header(label_count=0), PORT, 1, op_index=CONV), "the output keeps 2 rows of 6"),
    ("LABELS", header(labels=SIZE), f"the labels end at byte {SIZE + 1} of {SIZE}"),
    ("LABELS", header(labels=0xFFFFFFFF), f"the labels end at byte 4294967295 of {SIZE}"),
    ("VECTORS", header(vectors=SIZE - 39), f"the test vectors end at byte {SIZE + 1} of {SIZE}"),
    ("CODE", operator(CONV, code=200), "operator code 200 is not one of {}"),
    ("CODE", operator(CONV, code=0), "operator code 0 is not one of {}"),
    ("INPUT", operator(CONV, input=CONV), "it reads operator 1, expected one before 1"),
    ("INPUT", operator(POOL, input=0xFFFF), "it reads operator 65535, expected one before 2"),
    ("INPUT", operator(0, input=0), "it reads operator 0, expected one before 0"),
    ("SHAPE", operator(CONV, height=0), "its shape holds 0, expected 1 to 65535"),
    ("SHAPE", operator(CONV, width=0), "its shape holds 0, expected 1 to 65535"),
    ("SHAPE", operator(CONV, channels=0), "its shape holds 0, expected 1 to 65535"),
    ("SHAPE", operator(CONV, ring_rows=0), "its shape holds 0, expected 1 to 6"),
    ("SHAPE", operator(CONV, ring_rows=7), "its shape holds 7, expected 1 to 6"),
    # On a 32-bit board the size of this image is counted as 0.
    (
        "SHAPE",
        operator(0, height=1 << 15, width=1 << 9, channels=1 << 8),
        f"its shape holds 4294967295, expected 1 to {MANY_VALUES}",
    ),
    (
        "PLACES",
        operator(CONV, flags=FLAG_PLACED, offset=SIZE - 3),
        f"its rows' places end at byte {SIZE - 3 + 2 * 6} of {SIZE}",
    ),
    (
        "STATE",
        operator(CONV, offset=12),
        f"its ring begins at byte 12, the first {STATES} are the engine's",
    ),
    ("RING", operator(CONV, offset=ARENA - 95), f"its ring ends at byte {ARENA + 1} of an arena of {ARENA}"),
    ("RING", operator(CONV, offset=0xFFFFFFFF), f"its ring ends at byte 4294967295 of an arena of {ARENA}"),
    ("RING", header(arena_bytes=STATES), f"its ring ends at byte {{}} of an arena of {STATES}"),
    ("WINDOW", operator(DENSE, code=OP["CONV_2D"]), WINDOW.format(0, MAX_KERNEL_H)),
    ("WINDOW", operator(CONV, kernel_h=129), WINDOW.format(129, MAX_KERNEL_H)),
    ("WINDOW", operator(POOL, kernel_w=0), WINDOW.format(0, 255)),
    ("WINDOW", operator(CONV, stride_h=0), WINDOW.format(0, 255)),
    ("WINDOW", operator(CONV, stride_w=0), WINDOW.format(0, 255)),
    ("WINDOW", operator(CONV, dilation_h=0), WINDOW.format(0, 255)),
    ("WINDOW", operator(CONV, dilation_w=0), WINDOW.format(0, 255)),
    ("WINDOW", operator(DENSE, kernel_h=1), WINDOW.format(1, 0)),
    ("FLAGS", operator(0, flags=1), "its flags are 1, expected 0"),
    ("FLAGS", operator(CONV, flags=1, kernel_h=1), "its flags are 1, expected 0"),
    ("FLAGS", operator(DENSE, flags=3), "its flags are 3, expected 1"),
    ("WHOLE", operator(CONV, kernel_h=0), "its input keeps 3 of 8 rows, but it reads all"),
    ("WHOLE", operator(POOL, ring_rows=2), "its input keeps 2 of 3 rows, but it reads all"),
    ("CHANNELS", operator(POOL, channels=4), "it makes 4 values, expected 8"),
    ("CHANNELS", operator(DENSE, height=2, ring_rows=2), "it makes 20 values, expected 10"),
    ("CHANNELS", operator(RESHAPE, RESHAPED, channels=1), "it makes 4 values, expected 8"),
    ("WEIGHTS", operator(CONV, weights=SIZE - 71), f"its weights end at byte {SIZE + 1} of {SIZE}"),
    ("WEIGHTS", operator(DENSE, weights=0xFFFFFFFF), f"its weights end at byte 4294967295 of {SIZE}"),
    (
        "QUANT_TABLE",
        operator(CONV, table=SIZE - 71),
        f"its table ends at byte {SIZE + 1} of {SIZE}",
    ),
    ("SHIFT", shift(31), "a table shifts by 31 bits, expected at most 30"),
    ("SHIFT", shift(-32), "a table shifts by 32 bits, expected at most 31"),
    ("SHIFT", shift(-128), "a table shifts by 128 bits, expected at most 31"),
    ("CLAMP", operator(CONV, clamp_min=5, clamp_max=4), "it clamps to 0 values, expected at least 1"),
    # COPY makes rows of 9 pixels, 11 bytes each, of rows of 48 bytes: runs for rows, then for its bytes.
    (
        "FLAGS",
        flags(COPY, on=1, pad_top=0, height=4, ring_rows=1),
        "its flags are {}, expected 0",
    ),
    ("WINDOW", flags(COPY, on=2, kernel_h=0), WINDOW.format(0, MAX_KERNEL_H)),
    ("SHAPE", flags(COPY, on=2), SHAPE.format("{}", 4)),
    ("QUANT_TABLE", operator(COPY, MOVED, table=len(MOVED) - 5), TABLE.format(len(MOVED) + 1, len(MOVED))),
    ("QUANT_TABLE", runs(1, 1, 0xFFFF), TABLE),
    ("RUNS", runs(0, 1, 1), RUNS.format(0, 5)),
    ("RUNS", run(0, outer=2), RUNS.format(10, 5)),
    ("RUNS", run(0, inner=0), RUNS.format(0, 5)),
    ("RUNS", operator(COPY, MOVED, width=8), RUNS.format("{}", 88)),
    ("RUNS", run(0, offset=48), RUNS),
    ("RUNS", run(0, offset=-1), RUNS),
    ("RUNS", run(0, inner_step=48), RUNS),
    ("RUNS", run(0, inner_step=-(2**31)), RUNS),
    ("RUNS", run(0, offset=2**31 - 1, inner_step=2**31 - 1), RUNS),
    ("RUNS", operator(WHOLE_COPY, MOVED, kernel_h=1), RUNS),
    ("FLAGS", flags(BLOCKS, on=1), "its flags are {}, expected 0"),
    ("WINDOW", operator(BLOCKS, MOVED, pad_top=1), WINDOW.format(2, 2)),
    ("WINDOW", operator(BLOCKS, MOVED, stride_h=1), WINDOW.format(1, 2)),
    ("SHAPE", operator(BLOCKS, MOVED, height=3, ring_rows=1), SHAPE.format(6, 8)),
    ("SHAPE", operator(BLOCKS, MOVED, width=5), SHAPE.format(10, 12)),
    ("CHANNELS", operator(BLOCKS, MOVED, channels=7), VALUES.format(7, 8)),
    (
        "INPUT",
        operator(BELOW, MOVED, input_b=0xFFFF),
        "it reads operator 65535, expected one before 2",
    ),
    ("WINDOW", operator(BELOW, MOVED, pad_top=1), WINDOW.format(1, 1)),
    ("SHAPE", operator(BELOW, MOVED, parameter=4), SHAPE.format(4, 5)),
    ("SHAPE", operator(BELOW, MOVED, height=9, ring_rows=1), SHAPE.format(9, 10)),
    ("SHAPE", operator(BESIDE, MOVED, input_b=COPY), SHAPE.format(5, 7)),
    ("CHANNELS", operator(BELOW, MOVED, input_b=BLOCKS), VALUES.format(48, 99)),
    ("CHANNELS", operator(BESIDE, MOVED, width=9), VALUES.format(99, 110)),
    ("FLAGS", flags(RESIZE, off=2), "its flags are {}, expected 2"),
    ("WINDOW", operator(RESIZE, MOVED, kernel_h=1), WINDOW.format(1, 2)),
    ("CHANNELS", operator(RESIZE, MOVED, channels=10), VALUES.format(10, 11)),
    (
        "QUANT_TABLE",
        operator(RESIZE, patched(MOVED, len(MOVED) - 29, bytes(29)), table=len(MOVED) - 29),
        TABLE.format(len(MOVED) + 1, len(MOVED)),
    ),
    ("SHAPE", row_of_resize(10), SHAPE.format(10, 10)),
    ("SHAPE", row_of_resize(NO_ROW), SHAPE.format(NO_ROW, 10)),
    ("SHAPE", grid(2, 9 * 1024), SHAPE.format("{}", 9)),
    ("SHAPE", grid(3, -1), SHAPE.format("{}", 9)),
    ("SHAPE", grid(3, 2**31 - 1), SHAPE.format("{}", 9)),
]


@pytest.mark.parametrize(
    ("name", "data", "text"), DAMAGES, ids=[f"{d[0]}-{i}" for i, d in enumerate(DAMAGES)]
)
def test_damage_is_named(name, data, text):
    # What the texts leave open is a number; before them stands the operator at fault.
    pattern = r"(operator \d+ \(\w+\): )?" + re.escape(text).replace(r"\{\}", r"\d+")
    for refuse in (convlet.check, convlet.Model):
        with pytest.raises(ValueError) as caught:
            refuse(data)
        assert re.fullmatch(pattern, str(caught.value))


def test_the_operator_at_fault_is_named():
    with pytest.raises(ValueError, match=r"^operator 2 \(MAX_POOL_2D\): its kernel"):
        convlet.check(operator(POOL, kernel_w=0))
    with pytest.raises(ValueError, match=r"^operator 3 \(unknown\): operator code 255"):
        convlet.check(operator(DENSE, code=255))


def test_arenas_are_refused_by_name():
    with pytest.raises(
        MemoryError, match=f"^an arena of {ARENA - 1} bytes is too small: the model needs {ARENA}$"
    ):
        convlet.Model(CVL, arena=bytearray(ARENA - 1))
    for past in (1, 2, 3):
        with pytest.raises(ValueError, match=f"^the arena begins {past} bytes past a multiple of 4$"):
            convlet.Model(CVL, arena=memoryview(bytearray(ARENA + 4))[past:])


def test_every_error_has_a_test():
    errors = re.findall(r"^    X\((\w+), ", (ENGINE / "convlet.h").read_text(), flags=re.MULTILINE)
    of_windows = {"HEAD", "ORDER", "TOO_LARGE", "UNREAD", "CHANGED"}  # test_window.py has them
    others = {"ARENA", "ALIGNMENT", "LEFT_OUT", "RECORD"}
    assert set(errors) == {name for name, _, _ in DAMAGES} | of_windows | others


def test_the_undamaged_file_loads():
    assert sealed(CVL) == CVL
    facts = convlet.check(CVL)
    assert facts == {
        "file_bytes": len(CVL),
        "arena_bytes": ARENA,
        "version": VERSION,
        "operator_count": 4,
        "input_count": 1,
        "output_count": 1,
        "label_count": 10,
        "vector_count": 2,
    }


def test_shifts_at_the_limits_load():
    convlet.check(shift(30))
    convlet.check(shift(-31))


def test_files_load_at_any_address():
    room = bytearray(len(CVL) + 8)
    for offset in range(8):
        room[offset : offset + len(CVL)] = CVL
        convlet.check(memoryview(room)[offset : offset + len(CVL)])


def test_every_truncation_is_refused():
    for size in range(len(CVL)):
        with pytest.raises(ValueError):
            convlet.check(CVL[:size])


def test_every_flipped_bit_is_noticed():
    for bit in range(8 * len(CVL)):
        damaged = bytearray(CVL)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError):
            convlet.check(damaged)


STREAM = compile_tflite(stream_chain(16).build(), vectors=1, stream=True).cvl
S_CONV, S_AVERAGE, S_LAST = 1, -2, -1


def in_stream(index, **fields):
    count = HEADER.unpack(STREAM)["operator_count"]
    return edited(STREAM, OPERATOR, index % count, **fields)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (edited(STREAM, HEADER, flags=1), "operator 4 (COPY): its runs make or read "),
        (edited(CVL, HEADER, flags=3), "operator 3 (FULLY_CONNECTED): its kernel, stride or dilation is 0"),
        (in_stream(S_CONV, height=0x4000, ring_rows=1), f"its shape holds {0x4000}, expected 1 to {0x3FFF}"),
        (in_stream(S_CONV, flags=FLAG_PLACED), f"its flags are {FLAG_PLACED}, expected 0"),
        (in_stream(S_AVERAGE, flags=1), "its flags are 1, expected 0"),
        (in_stream(S_CONV, kernel_h=0), f"its kernel, stride or dilation is 0, expected 1 to {MAX_KERNEL_H}"),
        (in_stream(0, ring_rows=0), "operator 0 (INPUT): its shape holds 0, expected 1 to 16"),
        (edited(in_stream(S_LAST, ring_rows=2), HEADER, arena_bytes=1000), "the output keeps 2 rows of 1"),
        (in_stream(S_LAST, height=7), "its shape holds 16, expected 1 to 7"),
        (patched(STREAM, goals_of(STREAM), b"\1\0"), "goal 1 is not one of "),
    ],
)
def test_damaged_streams_are_refused(data, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        convlet.check(data)


def test_an_output_that_is_an_input_without_rows_is_refused():
    cvl = compile_tflite(padded_chain().build(), int8_input=True).cvl
    with pytest.raises(ValueError, match="the output keeps 0 rows of 9"):
        convlet.check(edited(edited(cvl, HEADER, label_count=0), PORT, 1, op_index=0))


def test_an_input_that_keeps_no_rows_has_no_test_vectors():
    cvl = compile_tflite(digits_chain().build(), int8_input=True).cvl
    with pytest.raises(ValueError, match="a count is 1, the limit is 0"):
        convlet.check(edited(cvl, HEADER, vector_count=1, vectors=HEADER.size))
