# Board:   any with MicroPython and the module convlet; Python on a PC too
# Wiring:  none
# Command: mpremote run device/benchmark.py                        every .cvl in the board's working folder
#          micropython device/benchmark.py digits.cvl lenet5.cvl   (or python) these
# Prints:  what each operator of a model takes, the mean of ten inferences; on a Pico
#          "digits.cvl: 8x8x1, 2,640 bytes, arena 244
#             #  operator                us   share       MACs  MACs/us
#             0  INPUT                    0    0.0%          0     0.00
#             1  CONV_2D_MAX_POOL       158   83.5%      2,592    16.38
#             2  CONV_2D_WIDE            31   16.5%        720    23.08
#           operators of one inference     189 us
#           one call of run                267 us"
#          and of a stream, instead of the last two lines, what one period of it takes and one call of step.
import os
import sys
import time
from array import array

import convlet

RUNS = 10


def microseconds():
    return time.ticks_us() if hasattr(time, "ticks_us") else time.perf_counter_ns() // 1000


def elapsed(start):
    return time.ticks_diff(time.ticks_us(), start) if hasattr(time, "ticks_us") else microseconds() - start


def size(shape):
    return shape[0] * shape[1] * shape[2]


def is_stream(model, images):
    try:
        model.run(*images)
    except ValueError:
        return True
    return False


def benchmark(name):
    model = convlet.Model(name)
    images = [array("b", bytes(size(shape))) for shape in model.input_shapes]
    run, profiled, call, whole = model.run, images, "run", "inference"
    if is_stream(model, images):
        run, profiled, call, whole = model.step, [], "step", "period"
    total = 0
    for _ in range(RUNS):
        start = microseconds()
        run(*images)
        total += elapsed(start)

    profiles = [model.profile(*profiled) for _ in range(RUNS)]
    times = [sum(profile[number][1] for profile in profiles) / RUNS for number in range(len(profiles[0]))]
    together = sum(times)
    shape = "x".join([str(length) for length in model.input_shape])
    print(f"{name}: {shape}, {os.stat(name)[6]:,} bytes, arena {model.arena_bytes:,}")
    print("    #  operator                us   share       MACs  MACs/us")
    for number, (operator, _, macs) in enumerate(profiles[0]):
        us = times[number]
        share, speed = (100 * us / together, macs / us) if us else (0, 0)
        print(f"  {number:3}  {operator:18} {us:7.0f}  {share:5.1f}%  {macs:9,}  {speed:7.2f}")
    print(f"  {'operators of one ' + whole:25} {together:8.0f} us")
    print(f"  {'one call of ' + call:25} {total / RUNS:8.0f} us")


for name in getattr(sys, "argv", [])[1:] or sorted(os.listdir()):
    if name.endswith(".cvl"):
        benchmark(name)
