# What a model takes of a board, and what it gives. The host sets NAME, a file that convlet.Model takes; beside it lies
# NAME with .image, an int8 image; and the host defines `count(call, argument)`, which counts what a call takes.
# Prints:  "HEAP COUNT OUTPUT": bytes of heap that the model takes, what one m.run(x) takes, its int8 outputs
# ruff: noqa: F821
import gc
import os
from array import array
from binascii import hexlify

import convlet

image = array("b", bytes(os.stat(NAME + ".image")[6]))  # noqa: PTH116
with open(NAME + ".image", "rb") as file:  # noqa: PTH123
    file.readinto(image)
gc.collect()
gc.collect()  # what only an old register held
before = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
model = convlet.Model(NAME)
gc.collect()
heap = gc.mem_alloc() - before if before else 0
model.run(image)  # the first call fills what the interpreter keeps between calls
counted = count(model.run, image) - count(id, image)
print(heap, counted, hexlify(bytes(model.output)).decode())
