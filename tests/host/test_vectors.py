import struct
import zlib

import pytest
from chain import Chain, digits_chain
from convlet.compile import compile_tflite
from convlet.reference import run_graph
from convlet.schedule import simulate
from convlet.vectors import make_vector, seeded_image


def lowbias32(x):
    """Chris Wellons' hash, in Python's integers."""
    x = ((x ^ x >> 16) * 0x7FEB352D) % 2**32
    x = ((x ^ x >> 15) * 0x846CA68B) % 2**32
    return x ^ x >> 16


def events_of(compiled):
    return simulate(compiled.program, compiled.plan.goals)


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**32 - 1])
def test_images_are_hashes(seed):
    """The topmost byte of the hash; its last step leaves that alone. The engine's are the same: selftest."""
    expected = [lowbias32((seed + i * 0x9E3779B9) % 2**32) >> 24 for i in range(100)]
    assert [value % 256 for value in seeded_image(seed, 100).tolist()] == expected


def test_a_vector_holds_the_seed_and_a_checksum_of_each_tensor():
    compiled = compile_tflite(digits_chain().build())
    values = run_graph(compiled.graph, [seeded_image(77, 64)])
    expected = [zlib.crc32(values[node.tensor].tobytes()) for node in compiled.program.nodes]
    vector = make_vector(compiled.graph, compiled.program, events_of(compiled), 77)
    assert struct.unpack("<4I", vector) == (77, *expected)


def test_rows_that_are_not_made_do_not_count():
    """Of 8 rows the pool reads the first 7."""
    compiled = compile_tflite(Chain((8, 1, 3)).max_pool((1, 1), (3, 1)).build())
    vector = make_vector(compiled.graph, compiled.program, events_of(compiled), 5)
    assert struct.unpack("<3I", vector)[1] == zlib.crc32(seeded_image(5, 24).tobytes()[:21])
