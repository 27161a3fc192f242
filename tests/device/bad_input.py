# Damaged files and wrong images: an exception that says what is wrong, never a crash.
# The host sets DATA, the bytes of digits.cvl, and STEP, how far apart the places are that are damaged.
# Prints "ok".
# ruff: noqa: F821, RUF005
from array import array

import convlet


def raises(kind, words, call, *arguments, **settings):
    try:
        call(*arguments, **settings)
    except kind as error:
        for word in words:
            assert word in str(error), (word, str(error))
    else:
        raise AssertionError(("no error", words))


for size in list(range(0, len(DATA), STEP)) + [len(DATA) - 1]:  # truncated
    raises(ValueError, [], convlet.Model, DATA[:size])
raises(ValueError, [], convlet.check, DATA + b"?")  # too long
for place in range(0, len(DATA), STEP):
    damaged = bytearray(DATA)
    damaged[place] ^= 1 << place % 8
    raises(ValueError, [], convlet.check, damaged)
raises(ValueError, [], convlet.Model, b"TFL3 is what a .tflite has in its bytes 4 to 7" * 20)  # foreign
raises(OSError, [], convlet.Model, "no such file.cvl")
raises((TypeError, ValueError), [], convlet.Model, 42)

model = convlet.Model(DATA)
too_small = bytearray(model.arena_bytes - 1)
raises(MemoryError, [str(model.arena_bytes), str(len(too_small))], convlet.Model, DATA, arena=too_small)
raises(ValueError, ["63", "8 x 8 x 1"], model.run, array("f", [0] * 63))
raises(ValueError, ["65"], model.classify, bytes(65))
raises(ValueError, ["'i'"], model.predict, array("i", [0] * 64))
raises(ValueError, ["int"], model.run, 5)
raises(ValueError, ["0 images"], model.run)
raises(AttributeError, [], getattr, model, "no_such_name")

before = list(model.run(bytes(64)))  # and all that did the model no harm
assert before == list(convlet.Model(DATA).run(bytes(64)))
print("ok")
