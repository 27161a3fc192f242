# Rows one by one: an image that never exists whole, and a stream without end, in which every step has an output.
# The host sets DATA, the bytes of digits.cvl; STREAM, a stream's, with SERIES, its steps, and OUTPUTS, what they give.
# Prints "ok".
# ruff: noqa: F821
from array import array

import convlet

model = convlet.Model(DATA)
image = array("b", [(i * 37) % 256 - 128 for i in range(64)])
expected = list(model.run(image))
for rows in (1, 2, 4, 8):
    outputs = [model.push(image[at : at + 8 * rows]) for at in range(0, 64, 8 * rows)]
    assert outputs[:-1] == [None] * (len(outputs) - 1) and list(outputs[-1]) == expected
assert model.classify() == model.classify(image)
model.push(image[:24])
model.reset()
assert list(model.push(image)) == expected

stream = convlet.Model(STREAM)
stream.selftest()
values = stream.input_shape[0] * stream.input_shape[1] * stream.input_shape[2]
for _ in range(2):
    found = []
    for at in range(0, len(SERIES), values):
        found += list(stream.step(memoryview(SERIES)[at : at + values]))
    assert found == list(OUTPUTS), (found, OUTPUTS)
    stream.reset()

for call in (
    lambda: model.push(image[:9]),
    lambda: stream.run(image),
    lambda: stream.classify(),
):
    try:
        call()
    except ValueError as error:
        assert str(error)
    else:
        raise AssertionError("no error")
print("ok")
