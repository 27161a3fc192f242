"""Models whose weights stay in a file and come through a window: the same results, whatever the file does meanwhile."""

import io
import re
import struct
import zlib
from pathlib import Path

import convlet
import numpy as np
import pymicro_wakeword
import pytest
from chain import Chain, digits_chain
from convlet.compile import compile_tflite
from convlet.cvl_file import read_cvl
from convlet.format import FLAG_PLACED, HEADER, OPERATOR
from convlet.writer import bytes_in_window
from cvl_edit import edited, field, patched, sealed
from golden import FOLDER, IMAGES

CVL = compile_tflite(digits_chain().build(), [*"0123456789"], vectors=2, prefer="ram").cvl
CONV, DENSE = 1, 3  # operators of CVL
HEAD = 4 * HEADER.unpack(CVL)["head_words"]
SMALL = len(CVL) - field(CVL, OPERATOR, DENSE, "weights")  # those of its dense layer fit, of both do not
IMAGE = bytes(range(0, 256, 4))
WAKE_WORDS = sorted((Path(pymicro_wakeword.__file__).parent / "models").glob("*.tflite"))


class Unreliable(io.BytesIO):
    """A file that gives `fails` once it is set: an exception, or a function of the bytes."""

    fails = None

    def readinto(self, buffer):
        if isinstance(self.fails, BaseException):
            raise self.fails
        data = self.read(len(buffer))
        if self.fails:
            data = self.fails(data)
        buffer[: len(data)] = data
        return len(data)


def smallest_window(cvl):
    """The first window that the model takes."""
    found = 1
    while True:
        try:
            return convlet.Model(io.BytesIO(cvl), window=found), found
        except ValueError as error:
            found = int(re.search(r"its constants have (\d+) bytes", str(error)).group(1))


@pytest.mark.parametrize("prefer", ["ram", "speed"])
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.tflite")), ids=lambda path: path.stem)
def test_all_operators_give_the_same_through_the_smallest_window(path, prefer):
    compiled = compile_tflite(path.read_bytes(), prefer=prefer)
    whole = convlet.Model(compiled.cvl)
    model, window = smallest_window(compiled.cvl)
    assert window < len(compiled.cvl) - HEAD
    model.selftest()
    images = np.fromfile(path.with_suffix(".images"), np.int8).reshape(-1, *whole.input_shape)
    for image in images[:IMAGES]:
        assert bytes(model.run(image)) == bytes(whole.run(image))
    assert (model.labels, model.input_scale) == (whole.labels, whole.input_scale)


@pytest.mark.parametrize("name", ["weights", "table"])
def test_constants_that_begin_in_the_head_end_there(name):
    """What lies behind the head in RAM is not what lies there in the file."""
    crossing = edited(CVL, OPERATOR, CONV, **{name: HEAD - 4})
    with pytest.raises(ValueError, match=f"its {name} ends? at byte [0-9]+ of {HEAD}"):
        convlet.Model(io.BytesIO(crossing), window=len(CVL))


@pytest.mark.parametrize(
    "fields", [{"weights": HEADER.size}, {"table": 8}, {"flags": FLAG_PLACED, "offset": HEADER.size}]
)
def test_constants_do_not_lie_in_the_records(fields):
    """In RAM they say where the constants are, which the file's do not."""
    records = HEADER.size + OPERATOR.size * len(read_cvl(CVL).operators)
    at = max(fields.values())
    with pytest.raises(
        ValueError, match=f"its constants lie at byte {at}, out of order with byte {records}:"
    ):
        convlet.Model(io.BytesIO(edited(CVL, OPERATOR, CONV, **fields)), window=len(CVL))


def test_a_stream_of_steps_runs_through_a_window():
    cvl = (FOLDER / "stream.cvl").read_bytes()
    whole, (model, _) = convlet.Model(cvl), smallest_window(cvl)
    steps = np.fromfile(FOLDER / "stream.images", np.int8).reshape(-1, *whole.input_shape)
    for step in steps:
        expected = whole.step(step)
        found = model.step(step)
        assert (found and bytes(found)) == (expected and bytes(expected))


@pytest.mark.parametrize("path", WAKE_WORDS, ids=lambda path: path.stem)
def test_of_a_stream_as_much_stays_as_leaves_room_for_the_rest(path):
    """Each step needs all constants, one after the other."""
    compiled = compile_tflite(path.read_bytes())
    sizes = bytes_in_window(compiled.program)
    whole, features = convlet.Model(compiled.cvl), np.random.default_rng(1)
    for window in (max(sizes), max(sizes) + 3000, 2 * max(sizes), sum(sizes) - 4, sum(sizes)):
        model = convlet.Model(io.BytesIO(compiled.cvl), window=window)
        whole.reset()
        for _ in range(3):
            step = features.integers(-128, 128, whole.input_shape).astype(np.int8)
            before = model.bytes_read
            assert list(model.step(step)) == list(whole.step(step))
        stays = [
            sum(sizes[:i]) for i in range(len(sizes) + 1) if sum(sizes[:i]) + max([0, *sizes[i:]]) <= window
        ]
        # What fills the file's last word does not count in it.
        assert 0 <= sum(sizes) - max(stays) - (model.bytes_read - before) < 4


def test_a_path_is_opened_and_bytes_are_read_in_place(tmp_path):
    path = tmp_path / "digits.cvl"
    path.write_bytes(CVL)
    expected = convlet.Model(CVL).classify(IMAGE)
    for model in (path, str(path), path.open("rb"), CVL, bytearray(CVL)):
        assert convlet.Model(model, window=SMALL).classify(IMAGE) == expected


def test_neighbours_are_in_the_window_together():
    """If not, each is read again for each row of the dense layer, which takes three."""
    for window, times in ((len(CVL) - HEAD, 0), (len(CVL) - HEAD - 1, 3)):
        model = convlet.Model(io.BytesIO(CVL), window=window)
        model.run(IMAGE)
        before = model.bytes_read
        model.run(IMAGE)
        assert model.bytes_read - before == times * (len(CVL) - HEAD)
    assert convlet.Model(CVL).bytes_read == 0


@pytest.mark.parametrize("window", [0, -1, 1 << 31])
def test_a_window_of_no_size_is_refused(window):
    with pytest.raises(ValueError, match=f"^the window has {window} bytes, expected 1 to 1073741824$"):
        convlet.Model(io.BytesIO(CVL), window=window)


def test_constants_that_do_not_fit_are_refused():
    text = (
        rf"^operator 3 \(FULLY_CONNECTED\): its constants have {SMALL} bytes, the window has {SMALL - 1}: "
        "convlet compile --window makes a file that fits$"
    )
    with pytest.raises(ValueError, match=text):
        convlet.Model(io.BytesIO(CVL), window=SMALL - 1)


def without_head():
    return edited(CVL, HEADER, head_words=0)


def in_wrong_order():
    """The convolution's weights lie behind the dense layer's."""
    return edited(CVL, OPERATOR, CONV, weights=len(CVL) - 72)


def table_in_wrong_order():
    return edited(CVL, OPERATOR, CONV, table=len(CVL) - 72)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"CVL1", "the file has 4 bytes, expected 40"),
        (CVL[:-1], "the file has"),
        (patched(CVL, 0, b"X"), "not a .cvl file"),
        (CVL[:-1] + bytes([CVL[-1] ^ 1]), "the file is damaged: checksum"),
        (without_head(), "its head ends at byte 0 of"),
        (in_wrong_order(), r"operator 1 \(CONV_2D\): its constants lie at byte"),
        (table_in_wrong_order(), r"operator 1 \(CONV_2D\): its constants lie at byte"),
        (edited(CVL, OPERATOR, DENSE, kernel_h=1), r"operator 3 \(FULLY_CONNECTED\): its"),
        (edited(CVL, HEADER, vectors=len(CVL) - 40), "the test vectors end at byte"),
        (edited(CVL, HEADER, labels=HEAD), "the labels end at byte"),
    ],
)
def test_damaged_files_are_refused(data, text):
    with pytest.raises(ValueError, match=f"^({text})"):
        convlet.Model(io.BytesIO(data), window=len(CVL))


def test_a_shift_is_proved_where_it_comes_from():
    at = field(CVL, OPERATOR, CONV, "table") + 8 * field(CVL, OPERATOR, CONV, "channels")
    with pytest.raises(ValueError, match=r"operator 1 \(CONV_2D\): a table shifts by 31 bits"):
        convlet.Model(io.BytesIO(patched(CVL, at, b"\x1f")), window=SMALL)


def flipped(data):
    return data[:-1] + bytes([data[-1] ^ 0x10])


FAILURES = [
    (
        lambda data: data[:-1],
        ValueError,
        r"^operator 1 \(CONV_2D\): the file gives too little at byte \d+, expected",
    ),
    (
        flipped,
        ValueError,
        r"^operator 1 \(CONV_2D\): the file has changed: checksum 0x\w{8}, expected 0x\w{8}",
    ),
    (OSError(5, "no card"), OSError, "no card"),
    (KeyboardInterrupt(), KeyboardInterrupt, None),
]


@pytest.mark.parametrize(("fails", "kind", "text"), FAILURES)
def test_a_file_that_fails_leaves_the_model_usable(fails, kind, text):
    file = Unreliable(CVL)
    model = convlet.Model(file, window=SMALL)
    expected = bytes(model.run(IMAGE))
    uses = (model.run, model.classify, model.push, lambda _: model.selftest(), lambda _: model.profile())
    for use in uses:
        file.fails = fails
        with pytest.raises(kind, match=text):
            use(IMAGE)
        with pytest.raises(ValueError, match="there is no output yet"):
            model.classify()
        file.fails = None
        assert bytes(model.run(IMAGE)) == expected
        model.reset()


@pytest.mark.parametrize(("fails", "kind", "text"), FAILURES[2:])
def test_a_stream_begins_anew_after_a_failure(fails, kind, text):
    compiled = compile_tflite(WAKE_WORDS[0].read_bytes())
    file = Unreliable(compiled.cvl)
    model = convlet.Model(file, window=max(bytes_in_window(compiled.program)) + 3000)
    step = np.full(model.input_shape, 50, np.int8)
    expected = [list(model.step(step)) for _ in range(3)]
    file.fails = fails
    with pytest.raises(kind, match=text):
        model.step(step)
    file.fails = None
    model.reset()
    assert [list(model.step(step)) for _ in range(3)] == expected


@pytest.mark.parametrize(("fails", "kind"), [(fails, kind) for fails, kind, _ in FAILURES])
def test_a_file_that_fails_while_it_is_loaded(fails, kind):
    file = Unreliable(CVL)
    file.fails = fails
    with pytest.raises(kind):
        convlet.Model(file, window=SMALL)


def test_a_closed_file(tmp_path):
    path = tmp_path / "digits.cvl"
    path.write_bytes(CVL)
    file = path.open("rb")
    model = convlet.Model(file, window=SMALL)
    file.close()
    with pytest.raises(ValueError, match="closed file"):
        model.run(IMAGE)


def test_a_file_that_becomes_another_model(tmp_path):
    """What was proved of one file is never used for another, even if that one is good."""
    other = compile_tflite(Chain((8, 8, 1), seed=5).conv(8).max_pool().dense(10).build(), prefer="ram").cvl
    path = tmp_path / "model.cvl"
    path.write_bytes(CVL)
    model = convlet.Model(path, window=SMALL)
    path.write_bytes(other + bytes(len(CVL)))
    with pytest.raises(ValueError, match="the file has changed"):
        model.run(IMAGE)


def test_the_checksum_is_that_of_the_whole_file():
    crc = struct.unpack_from("<I", CVL, 4)[0]
    assert crc == zlib.crc32(CVL[8:]) and sealed(CVL) == CVL
    for window in (SMALL, SMALL + 1, len(CVL)):
        convlet.Model(io.BytesIO(CVL), window=window).selftest()
