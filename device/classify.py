# Board:   Raspberry Pi Pico with Convlet's firmware; as it is also MicroPython's unix port and Python on a PC
# Wiring:  none
# Command: mpremote run device/classify.py     after: convlet deploy digits.cvl --port PORT
#          micropython device/classify.py [digits.cvl [samples.txt]]     (or python instead of micropython)
# Prints:  a line for each sample, with the class, its probability and the time of one inference, such as
#          "3 is a 3  99.6 %  1723 us", then how many were right
#
# More samples: lines like those below in samples.txt, on the board or on the PC.
import sys
import time
from array import array

import convlet

# Handwritten digits, 8x8 pixels, from the test part of scikit-learn's: what is written, then a character for
# each pixel, "0" (white) to "@" (black, 16).
SAMPLES = (
    "0 005@<20000=>?;0006?12@4006>0098008:00=8004=01>8000>>??30005<=800",
    "1 0018@700003@@<0001?@@<0003<?@<000008@:00000;@>00000;@@100005=700",
    "2 002=;00000;>;90000?76<0000859<000001>7000007@000001<<441001?@@@7",
    "3 02?@@=2001:8>@800000@?100000@8000000>>000000;@1002>=@@3002?@>500",
    "4 0002>0000004?000000;:57000;?2=700:@88@6008<<=?100000::000001=300",
    "5 03>>@@:009?971000:@;1000017>90000007@0000006?000011;:00003?@4000",
    "6 000?2000000@40000069000000<@@91000>;089000;>32>0008;4>70001<>600",
    "7 002=@@7000<?<@:000@90>6000304@10000:>@60003@@;200009>000002?6000",
    "8 01?>200006>0032002@32=3000;>?900007@;00000?=>00002?4@30001?@<100",
    "9 009=600000>7;3000478580008:?>90000479=10000005;000202<6000:>>700",
)

argv = getattr(sys, "argv", [])
if hasattr(time, "ticks_us"):
    now, elapsed = time.ticks_us, time.ticks_diff
else:  # CPython

    def now():
        return time.perf_counter_ns() // 1000

    def elapsed(end, start):
        return end - start


def samples():
    try:
        with open(argv[2] if len(argv) > 2 else "samples.txt") as file:
            return [line.strip() for line in file]
    except OSError:
        return SAMPLES


model = convlet.Model(argv[1] if len(argv) > 1 else "digits.cvl")
image = array("f", [0] * 64)
right = total = 0
for line in samples():
    written, pixels = line.split()
    for i, pixel in enumerate(pixels):
        image[i] = (ord(pixel) - ord("0")) / 16  # the model was trained on pixels from 0 to 1
    start = now()
    label, probability = model.classify(image)
    us = elapsed(now(), start)
    print(f"{written} is a {label}  {100 * probability:5.1f} %  {us} us")
    total += 1
    right += label == written
print(right, "of", total, "right; arena", model.arena_bytes, "bytes")
