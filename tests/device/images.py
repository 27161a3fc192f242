# What can be given as an image: buffers of each kind of value, and lists. All that mean the same give the same.
# The host sets DATA, the bytes of digits.cvl. Prints "ok".
# ruff: noqa: F821
from array import array

import convlet

model = convlet.Model(DATA)
real = [(i % 17) / 16 for i in range(64)]
expected = list(model.run(array("f", real)))
rows = [real[at : at + 8] for at in range(0, 64, 8)]
pixels = [[[x] for x in row] for row in rows]
for image in (real, tuple(real), rows, tuple(rows), pixels, [pixels]):
    assert list(model.run(image)) == expected, image
    assert list(model.push(image)) == expected, image
assert model.push(rows[:3]) is None and model.push(pixels[3:7]) is None
assert list(model.push(real[56:])) == expected
assert model.classify(rows, top=2) == model.classify(array("f", real), top=2)

# Whole numbers: int16 values are real values, not pixels.
counts = array("h", [i % 3 - 1 for i in range(64)])
whole = list(model.run(counts))
assert list(model.run(list(counts))) == list(model.run(array("f", counts))) == whole
far = array("h", [32767, -32768] * 32)
assert list(model.run(far)) == list(model.run(array("f", [1e9, -1e9] * 32)))

for words, image in (
    (["63", "8 x 8 x 1"], real[:63]),
    (["0", "8 x 8 x 1"], []),
    (["more than 4 deep"], [[[pixels]]]),
    (["'i'", "'f', 'h', 'B' or 'b'"], array("i", [0] * 64)),
):
    try:
        model.run(image)
    except ValueError as error:
        for word in words:
            assert word in str(error), (word, str(error))
    else:
        raise AssertionError(("no error", words))
try:
    model.run(["1"] * 64)
except TypeError:
    pass
else:
    raise AssertionError("texts are no numbers")
assert list(model.run(rows)) == expected
print("ok")
