# Python code that a model calls while it runs, here its file's methods: whatever it does to the model and its buffers,
# there is no crash and no wrong output. The host sets DATA, the bytes of digits.cvl; and STREAM, a stream's.
# Prints "ok".
# ruff: noqa: F821
from array import array

import convlet


class File:
    """A file whose next reading calls `hook` first, and returns `count` instead of what it has read."""

    def __init__(self):
        self.at = 0
        self.hook = self.count = None

    def seek(self, offset, whence=0):
        self.at = offset if whence == 0 else len(DATA) + offset
        return self.at

    def readinto(self, buffer):
        buffer[:] = memoryview(DATA)[self.at : self.at + len(buffer)]
        hook, self.hook = self.hook, None
        if hook:
            hook()
        return len(buffer) if self.count is None else self.count


def error_of(function, *arguments, **named):
    try:
        function(*arguments, **named)
    except Exception as error:
        return type(error), str(error)


file = File()
image = array("f", [(i % 17) / 16 for i in range(64)])
arena = bytearray(convlet.check(DATA)["arena_bytes"])
model = convlet.Model(file, arena, 1800)
expected = list(model.run(image))
best = model.classify()

# It runs already.
found = []
uses = [model.run, model.classify, model.predict, model.push]
if error_of(model.profile) is None:  # the board has a clock
    uses.append(model.profile)
    model.run(image)
others = [model.selftest, model.reset]


def use_it():
    found.extend([error_of(use, image) for use in uses] + [error_of(use) for use in others])


file.hook = use_it
assert list(model.run(image)) == expected
file.hook = use_it
model.selftest()
assert found == [(RuntimeError, "the model is running")] * 2 * (len(uses) + 2), found

# What a file gives besides the number of bytes.
for file.count in ("text", 1.5, True, [1], 1 << 70, -1, 0):
    error = error_of(model.run, image)
    assert error and error[0] is ValueError and "too little" in error[1], (file.count, error)
    assert error_of(convlet.Model, file, window=1800)[0] is ValueError
file.count = None
assert list(model.run(image)) == expected


# Buffers that move. CPython does not let them.
moved = []


def move():
    try:
        arena.extend(bytes(1000))
        moved.append(arena)
    except BufferError:
        pass
    try:
        own_image.extend(own_image)
        moved.append(own_image)
    except BufferError:
        pass


for use in uses:
    own_image = array("f", image)
    file.hook = move
    error = error_of(use, own_image)
    assert file.hook is None
    if moved:
        assert error and error[0] is RuntimeError and "moved" in error[1], error
        assert error_of(model.classify)[0] is ValueError  # there is no output
    assert list(model.run(image)) == expected and model.classify() == best

# The arena may lie nowhere in the model's bytes.
whole = bytearray(DATA) + bytearray(len(arena) + 8)
start = -len(DATA) % 4 + len(DATA)
view = memoryview(whole)
inside = error_of(convlet.Model, view[: len(DATA)], view[start - 4 :])
assert inside == (ValueError, "the arena lies in the model's file"), inside
beside = convlet.Model(view[: len(DATA)], view[start:])
assert list(beside.run(image)) == expected

# A bytearray that gets another model has its outputs. CPython has a copy of the first.
if moved:
    swapped = bytearray(DATA)
    swapping = convlet.Model(swapped, bytearray(4000))
    assert list(swapping.run(image)) == expected
    swapped[:] = STREAM
    stream = convlet.Model(STREAM)
    assert len(swapping.output) == len(stream.output) and repr(swapping)[:13] == "<Model stream"
    assert "no output yet" in error_of(swapping.classify)[1]
print("ok")
