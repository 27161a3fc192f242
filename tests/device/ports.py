# Models of several inputs and outputs, on the board and on CPython alike.
# The host sets PORTS, a .cvl of inputs a, b, c and outputs a + b, min(a + b, c), max(a, c), all with scale 0.5 and
# zero point 3. Prints "ok".
# ruff: noqa: F821, B905
from array import array

import convlet

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        pass

    heap_unlock = heap_lock

model = convlet.Model(PORTS)
shape = (3, 4, 2)
assert model.input_shapes == (shape, shape, shape), model.input_shapes
assert model.output_shapes == (shape, shape, shape), model.output_shapes
assert model.input_shape == model.output_shape == shape
assert len(model.outputs) == 3
assert model.selftest() is None

a = array("b", [(7 * i) % 100 - 50 for i in range(24)])
b = array("b", [(11 * i) % 60 - 30 for i in range(24)])
c = array("b", [(29 * i) % 90 - 45 for i in range(24)])
total = [x + y - 3 for x, y in zip(a, b)]
expected = [total, [min(x, y) for x, y in zip(total, c)], [max(x, y) for x, y in zip(a, c)]]

outputs = model.outputs
output = None  # so that the name needs no memory later
heap_lock()  # a run must not allocate
output = model.run(a, b, c)
heap_unlock()
assert list(output) == total
assert [list(values) for values in outputs] == expected
assert [list(values) for values in model.outputs] == expected

real = [[(x - 3) * 0.5 for x in values] for values in expected]
assert model.predict(a, b, c) == real
floats = [array("f", [(x - 3) * 0.5 for x in values]) for values in (a, b, c)]
assert model.predict(*floats) == real
assert model.classify(a, b, c)[0] == str(total.index(max(total)))

try:
    model.run(a, b)
except ValueError as error:
    assert "2 images" in str(error) and "3 inputs" in str(error), error
else:
    raise AssertionError("two images for three inputs")
print("ok")
