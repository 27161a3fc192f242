"""primitives.h by itself, built as it is for each processor."""

import ctypes
import random
import subprocess

import numpy as np
import pytest
from convlet.engine_build import ENGINE
from convlet.quantization import requantize

SOURCE = """
#include "requantize.h"
int32_t wide(int32_t a, int32_t b) { return cvl_multiply_wide(a, b); }
int32_t narrow(int32_t a, int32_t b) { return cvl_multiply_narrow(a, b); }
int32_t requantize(int32_t acc, int32_t multiplier, int32_t shift) {
    return cvl_requantize(acc, multiplier, shift);
}
"""
# Undefined behaviour ends the process: no runtime library can be loaded into Python for it.
FLAGS = ["-std=c99", "-O1", "-shared", "-fPIC", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
EXTREMES = [INT32_MIN, INT32_MIN + 1, -65536, -65535, -32768, -1, 0, 1, 32767, 65535, 65536, INT32_MAX]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("primitives")
    (folder / "primitives.c").write_text(SOURCE)
    command = ["gcc", *FLAGS, f"-I{ENGINE}", "-o", folder / "primitives.so", folder / "primitives.c"]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(folder / "primitives.so"))


def pairs():
    chance = random.Random(0)
    yield from ((a, b) for a in EXTREMES for b in EXTREMES)
    for _ in range(20000):
        bits = chance.randint(1, 31)
        yield chance.randint(-(2**bits), 2**bits - 1), chance.randint(2**30, INT32_MAX)


@pytest.mark.parametrize("name", ["wide", "narrow"])
def test_products_are_rounded_with_halves_up(library, name):
    multiply = getattr(library, name)
    for a, b in pairs():
        expected = (a * b + 2**30) >> 31
        if expected <= INT32_MAX:  # INT32_MIN squared does not fit; no multiplier is INT32_MIN
            assert multiply(a, b) == expected, (a, b)


def test_requantisation_is_that_of_the_reference(library):
    chance = random.Random(1)
    for acc, multiplier in pairs():
        if multiplier >= 2**30:
            shift = chance.randint(-31, 8)
            expected = requantize(np.array([acc]), np.array([multiplier]), np.array([shift]))[0]
            assert library.requantize(acc, multiplier, shift) == expected, (acc, multiplier, shift)
