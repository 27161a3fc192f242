# Board:   any with MicroPython and the module convlet, with digits.cvl on it; Python on a PC too
# Wiring:  none
# Command: mpremote run device/repl_tour.py       or, better, type it step by step after: mpremote repl
#          micropython device/repl_tour.py        (or python, where digits.cvl lies in the working folder)
# Prints:  what stands behind each "# ->"; times and probabilities may be a little different
from array import array

import convlet

# A model is a file. Where the file system maps files (ROMFS) it is used in place, else it is read to the heap.
m = convlet.Model("digits.cvl")
print(m)
# -> <Model 8x8x1 -> 1x1x10, 10 labels, arena 244 bytes>

# The arena is all the RAM that it works in: input rows, tensors, scratch and the engine's state.
print(m.arena_bytes, "bytes;", m.input_shape, "->", m.output_shape, m.labels)
# -> 244 bytes; (8, 8, 1) -> (1, 1, 10) ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')

# An image: real values from 0 to 1, as the model was trained with.
rows = (
    "005@<200",
    "00=>?;00",
    "06?12@40",
    "06>00980",
    "08:00=80",
    "04=01>80",
    "00>>??30",
    "005<=800",
)
seen = array("f", [(ord(pixel) - ord("0")) / 16 for row in rows for pixel in row])
label, probability = m.classify(seen)
print(f"{label} with {100 * probability:.1f} %")
# -> 0 with 100.0 %

for label, probability in m.classify(seen, top=3):
    print(f"  {label} {100 * probability:.2f} %")
# ->   0 99.97 %
# ->   9 0.01 %
# ->   5 0.01 %

# The raw int8 scores, in the arena: nothing is allocated, and the next run overwrites them.
scores = m.run(seen)
print(len(scores), "scores, the best is number", list(scores).index(max(scores)))
# -> 10 scores, the best is number 0

# The same values without the scale: real = scale * (score - zero_point).
real = m.output_scale * (scores[0] - m.output_zero_point)
print(abs(m.predict(seen)[0] - real) < 0.001)
# -> True

# Images may be quantised already: array("b"), or bytes that are pixels from 0 to 255. For this model, whose values
# go from 0 to 1, a pixel is 255 times the value.
pixels = bytes([int(255 * value + 0.5) for value in seen])
print(m.classify(pixels)[0], m.input_zero_point)
# -> 0 -128

# Rows as they come, from a camera say: the image never exists whole. The last row gives the output.
for start in range(0, 64, 8):
    output = m.push(seen[start : start + 8])
    print(start // 8, "more rows, please" if output is None else m.classify()[0])
# -> 0 more rows, please
# -> 1 more rows, please
# -> 2 more rows, please
# -> 3 more rows, please
# -> 4 more rows, please
# -> 5 more rows, please
# -> 6 more rows, please
# -> 7 0

# What is wrong is said.
try:
    m.run(seen[:60])
except ValueError as error:
    print(error)
# -> the image has 60 values, the model's input has 8 x 8 x 1

try:
    convlet.Model("digits.cvl", arena=bytearray(200))
except MemoryError as error:
    print(error)
# -> an arena of 200 bytes is too small: the model needs 244

# Does this processor compute what the compiler computed? An error would name the first operator that does not.
print(m.selftest())
# -> None

# Where the time of one inference goes; device/benchmark.py tells the mean of several.
for operator, us, macs in m.profile(seen):
    print(f"{operator:16} {us} us, {macs} multiplications")
# -> INPUT            146 us, 0 multiplications
# -> CONV_2D_MAX_POOL 158 us, 2592 multiplications
# -> CONV_2D_WIDE     31 us, 720 multiplications
