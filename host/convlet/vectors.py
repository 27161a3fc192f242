"""Test vectors: pseudo-random images and the checksums that every operator's tensor must have on them."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from convlet.graph import Graph
from convlet.program import Program
from convlet.reference import run_graph
from convlet.schedule import Event


def seeded_image(seed: int, count: int) -> np.ndarray:
    """int8[count] that `engine/input.c` makes for this seed: a hash of seed and position (lowbias32)."""
    x = (np.arange(count, dtype=np.uint64) * 0x9E3779B9 + seed) & 0xFFFFFFFF
    x = ((x ^ x >> np.uint64(16)) * 0x7FEB352D) & 0xFFFFFFFF
    x = ((x ^ x >> np.uint64(15)) * 0x846CA68B) & 0xFFFFFFFF
    return (x >> np.uint64(24)).astype(np.uint8).view(np.int8)


def make_vector(graph: Graph, program: Program, events: Sequence[Event], seed: int) -> bytes:
    """The bytes of one test vector: its seed, then the CRC-32 of each node's rows as the numpy reference has
    them.

    Rows that `events` do not make, since nobody reads them, do not count.
    """
    images = [seeded_image(seed + i, int(np.prod(tensor.rows))) for i, tensor in enumerate(graph.inputs)]
    values = run_graph(graph, images)
    made = Counter(event.node for event in events if event.made)
    checksums = [zlib.crc32(values[node.tensor][: made[i]].tobytes()) for i, node in enumerate(program.nodes)]
    return struct.pack(f"<I{len(checksums)}I", seed, *checksums)
