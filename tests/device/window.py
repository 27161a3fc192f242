# A model whose weights stay in a file: the same results as in memory, whatever the file does, and little RAM.
# The host sets DATA, the bytes of digits.cvl; and STREAM, a stream's. Prints "ok".
# ruff: noqa: F821, PTH107, PTH123
import gc
import os
from array import array

import convlet

try:
    from micropython import heap_lock, heap_unlock
except ImportError:  # CPython
    heap_lock = heap_unlock = None

try:
    import time
except ImportError:  # QEMU's boards: MicroPython has no clock there
    time = None

SMALL = 1800  # the constants of each operator fit, but not all of them
SOME, LEAST = 560, 240  # the same of the stream


class File:
    """Any object with these two methods is a file. `fails` is what happens next."""

    def __init__(self, data):
        self.data = memoryview(data)
        self.at = 0
        self.fails = None

    def seek(self, offset, whence=0):
        self.at = offset if whence == 0 else len(self.data) + offset
        return self.at

    def readinto(self, buffer):
        if self.fails == "raise":
            raise OSError(5)
        if self.fails == "nothing":
            return None
        count = len(buffer) - (self.fails == "short")
        buffer[:count] = self.data[self.at : self.at + count]
        if self.fails == "change":
            buffer[count // 2] ^= 4
        return count


def error_of(function, *arguments, **named):
    try:
        function(*arguments, **named)
    except Exception as error:
        return type(error), str(error)


whole = convlet.Model(DATA)
image = array("f", [(i % 17) / 16 for i in range(64)])
expected = list(whole.run(image))
assert whole.bytes_read == 0
assert convlet.Model(DATA, window=SMALL).bytes_read == 0  # it lies in memory

file = File(DATA)
model = convlet.Model(file, window=SMALL)
assert list(model.run(image)) == expected
assert 0 < model.bytes_read <= 3 * len(DATA)
model.selftest()
assert model.labels == whole.labels and repr(model) == repr(whole)
assert model.classify(image) == whole.classify(image)
if time:
    names_and_macs = [(name, macs) for name, _, macs in whole.profile()]
    assert [(name, macs) for name, _, macs in model.profile()] == names_and_macs
own = convlet.Model(File(DATA), bytearray(whole.arena_bytes), len(DATA))
assert list(own.run(image)) == expected
before = own.bytes_read
own.run(image)
assert own.bytes_read == before  # all is in the window

stream, streamed = convlet.Model(STREAM), convlet.Model(File(STREAM), window=len(STREAM))
partly, barely = convlet.Model(File(STREAM), window=SOME), convlet.Model(File(STREAM), window=LEAST)
step = bytes(stream.input_shape[0] * stream.input_shape[1] * stream.input_shape[2])
for _ in range(40):
    output = list(stream.step(step))
    for other in (streamed, partly, barely):
        assert list(other.step(step)) == output
# Some of its constants stay in the window, the others are read in each step.
assert 0 == streamed.bytes_read < partly.bytes_read < barely.bytes_read

TOO_SHORT = "the file gives too little at byte"
for fails, kind, text in (
    ("raise", OSError, "5"),
    ("nothing", ValueError, TOO_SHORT),
    ("short", ValueError, TOO_SHORT),
    ("change", ValueError, "the file has changed: checksum 0x"),
):
    file.fails = None
    model.run(image)
    file.fails = fails
    for use in (model.run, model.classify, model.push, model.profile)[: 4 if time else 3]:
        error = error_of(use, image)
        assert error and error[0] == kind and text in error[1], (fails, error)
        assert "no output yet" in error_of(model.classify)[1]
    assert error_of(model.selftest)[0] == kind
    loading = error_of(convlet.Model, file, window=SMALL)
    assert loading and loading[0] == kind, (fails, loading)
    file.fails = None
    assert list(model.run(image)) == expected

# Nothing that does not fit.
assert "the window has 0 bytes" in error_of(convlet.Model, file, window=0)[1]
assert "convlet compile --window" in error_of(convlet.Model, file, window=100)[1]
assert "has 4 bytes, expected 40" in error_of(convlet.Model, File(b"CVL1"), window=100)[1]
assert "checksum" in error_of(convlet.Model, File(DATA[:-1] + b"?"), window=SMALL)[1]
assert error_of(convlet.Model, file)[0] is TypeError
assert "is too small" in error_of(convlet.Model, file, bytearray(20), SMALL)[1]

try:
    with open("window.cvl", "wb") as target:
        target.write(DATA)
except (OSError, NameError):  # a board without a file system
    target = None
if target:
    model = convlet.Model("window.cvl", window=SMALL)
    for _ in range(3):
        assert list(model.run(image)) == expected
    if heap_lock:
        before = None  # so that the name needs no memory later
        gc.collect()
        before = gc.mem_alloc()
        heap_lock()
        model.run(image)
        heap_unlock()
        assert gc.mem_alloc() <= before
    with open("window.cvl", "rb") as opened:
        other = convlet.Model(opened, window=SMALL)
        assert list(other.run(image)) == expected
    assert error_of(other.run, image)[0] in (OSError, ValueError)  # it is closed
    with open("window.cvl", "wb") as target:
        target.write(bytes(len(DATA)))
    error = error_of(model.run, image)
    if error is None:  # littlefs leaves an open file what it was
        assert list(model.run(image)) == expected
    else:
        assert error[0] is ValueError
    model = None
    gc.collect()  # closes its file
    os.remove("window.cvl")

print("ok")
