# Board:   any with MicroPython and the module convlet, and Python on a PC
# Wiring:  none
# Command: none: host/convlet/on_board.py runs it. It sets MODEL, what convlet.Model takes, and IMAGES, a zlib
#          stream of images, float32
# Prints:  for each image the raw int8 outputs in hexadecimal, so that the host can compare them bit for bit
# ruff: noqa: F821
import io
from array import array
from binascii import hexlify

import convlet

try:
    from deflate import ZLIB, DeflateIO

    images = DeflateIO(io.BytesIO(IMAGES), ZLIB)  # inflates as it is read: the images need no RAM
except ImportError:  # CPython
    import zlib

    images = io.BytesIO(zlib.decompress(IMAGES))

model = convlet.Model(MODEL)
values = 1
for size in model.input_shape:
    values *= size
image = array("f", [0] * values)
while images.readinto(image) == 4 * values:
    print(hexlify(bytes(model.run(image))).decode())
