# Every name of the module as it is promised, on the board and on CPython alike.
# The host sets DATA, the bytes of digits.cvl. Prints "ok".
# ruff: noqa: F821, B905
from array import array

import convlet

model = convlet.Model(DATA)
assert model.labels == tuple("0123456789"), model.labels
assert model.input_shape == (8, 8, 1), model.input_shape
assert model.output_shape == (1, 1, 10), model.output_shape
assert model.input_shapes == (model.input_shape,) and model.output_shapes == (model.output_shape,)
assert model.arena_bytes <= 256, model.arena_bytes
for scale in (model.input_scale, model.output_scale):
    assert isinstance(scale, float) and 0 < scale < 1, scale
for zero_point in (model.input_zero_point, model.output_zero_point):
    assert isinstance(zero_point, int) and -128 <= zero_point <= 127, zero_point
assert str(model.arena_bytes) in repr(model), repr(model)
assert model.selftest() is None

# The same image by each kind of value: real numbers, pixels, and what the model computes with.
pixels = bytes((i * 37) % 256 for i in range(64))
real = array("f", [pixel / 255 for pixel in pixels])
quantised = array("b", [round(x / model.input_scale) + model.input_zero_point for x in real])
output = model.run(real)
assert isinstance(output, memoryview) and len(output) == 10
assert all(-128 <= value <= 127 for value in output)
expected = list(output)
assert (
    list(model.run(pixels)) == list(model.run(array("B", pixels))) == list(model.run(quantised)) == expected
)
assert list(model.output) == expected
assert [list(values) for values in model.outputs] == [expected]

values = model.predict(real)
for value, stored in zip(values, expected):
    assert abs(value - model.output_scale * (stored - model.output_zero_point)) < 1e-4, (value, stored)
label, probability = model.classify(real)
assert label == model.labels[expected.index(max(expected))]
assert 0 < probability <= 1
best = model.classify(real, top=3)
assert len(best) == 3 and best[0] == (label, probability)
assert best[0][1] >= best[1][1] >= best[2][1]

# The caller's own arena, exactly as big as promised, and any place in memory for the file.
arena = bytearray(model.arena_bytes)
own = convlet.Model(memoryview(b"?" + DATA)[1:], arena=arena)
assert list(own.run(real)) == expected
assert own.output[0] == expected[0]


class Named(convlet.Model):
    """A subclass has what its own code adds, and all else of a Model."""

    def __init__(self, name, model):
        super().__init__(model)
        self.name = name

    def best(self, image):
        return self.name, self.classify(image)[0]


named = Named("digits", DATA)
assert named.best(real) == ("digits", label)
assert (named.arena_bytes, named.labels, named.output_shape) == (model.arena_bytes, model.labels, (1, 1, 10))
assert list(named.output) == list(named.outputs[0]) == expected

# Nothing but a Model, whole.
for call in (lambda: convlet.Model.run(5, real), lambda: Named.__new__(Named).run(real)):
    try:
        call()
    except (TypeError, AttributeError):
        pass
    else:
        raise AssertionError("no error")

# Whatever names the script uses for its own things.
names = {"convlet": convlet, "DATA": DATA}
code = "memoryview = MemoryError = ValueError = open = len\nmodel = convlet.Model(DATA)\n"
exec(code, names)
assert list(names["model"].run(real)) == expected
for error, use in (
    (ValueError, "model.run(b'')"),
    (MemoryError, "convlet.Model(DATA, bytearray(4))"),
    (OSError, "convlet.Model('no such file.cvl')"),
):
    try:
        exec(use, names)
    except error:
        pass
    else:
        raise AssertionError("no error")

facts = convlet.check(DATA)
assert facts["file_bytes"] == len(DATA) and facts["arena_bytes"] == model.arena_bytes, facts
print("ok")
