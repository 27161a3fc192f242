"""Weights in RAM, for chips whose flash is slower: which operators copy theirs to the arena, with their first row.

A kernel reads its constants again for each row that it makes, or part of a row. From flash they come through a cache,
16 KB on an RP2040, for which those of all operators that work in turn and the code are often too large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from convlet.format import WIDE_TILE
from convlet.limits import check_limit
from convlet.node import Node
from convlet.ops import wide
from convlet.plan import Plan
from convlet.program import Program
from convlet.writer import ALIGNMENT, bytes_in_window, constant_bytes

KINDS = (*wide.KINDS, "DEPTHWISE_3X3")  # whose kernels can copy
MOST_WORDS = 0xFFFF  # of the arena before a copy


def with_copies(program: Program, most_bytes: int) -> Program:
    """The program, in which those operators copy their constants that read them most often, as many as have
    `most_bytes` bytes together.
    """
    nodes, own_bytes = list(program.nodes), bytes_in_window(program)
    for index in sorted(range(len(nodes)), key=lambda index: -_readings(program, index)):
        size = constant_bytes(nodes[index])
        # What several share lies elsewhere in the file, weights and table not side by side.
        can_copy = nodes[index].kind in KINDS and own_bytes[index] == size
        if can_copy and _readings(program, index) > 1 and size <= most_bytes:
            nodes[index] = replace(nodes[index], copied_bytes=size)
            most_bytes -= size
    return replace(program, nodes=nodes)


def check_copies(plan: Plan) -> None:
    """Raise ModelError where a copy lies behind what its record can say."""
    check_limit("the arena before a copy of weights", "bytes", max(plan.copies), ALIGNMENT * MOST_WORDS)


def bytes_from_flash(program: Program, sizes: Sequence[int]) -> int:
    """Bytes of constants that kernels read from where the file lies, for an inference or a stream's step. What a kernel
    reads again for each pixel of a row counts once. `sizes`: of the constants of each node.
    """
    return sum(size * _from_flash(program, index) for index, size in enumerate(sizes)) // program.steps


def _from_flash(program: Program, index: int) -> int:
    """How often a node reads its constants where the file lies."""
    if program.nodes[index].copied_bytes:
        return 0 if program.period else 1  # a stream copies them when it begins
    return _readings(program, index)


def _readings(program: Program, index: int) -> int:
    """How often a node reads its constants, in an inference or a stream's period."""
    rows = program.period[index] if program.period else program.nodes[index].shape[0]
    return rows * _parts(program.nodes[index])


def _parts(node: Node) -> int:
    """Of a row that are made one after the other."""
    tile = node.parameter // WIDE_TILE if node.kind in wide.KINDS else 0
    return -(-node.shape[1] // tile) if tile else 1
