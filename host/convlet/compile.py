"""Compiles an int8 `.tflite` to a `.cvl`: read, check, simplify, lower, plan, write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from convlet.errors import ConvletError, ModelError
from convlet.explain import explain
from convlet.files import read_file, write_atomic
from convlet.graph import Change, Graph
from convlet.ops import check_operators
from convlet.passes import simplify
from convlet.plan import Plan, plan
from convlet.program import Program, lower
from convlet.tflite_reader import read_tflite
from convlet.variants import choose_variants
from convlet.vectors import make_vector
from convlet.writer import write_cvl


@dataclass(frozen=True)
class Compiled:
    """A compiled model: the bytes of its `.cvl`, and what they were made from."""

    cvl: bytes
    graph: Graph
    program: Program
    plan: Plan

    @property
    def explanation(self) -> list[Change]:
        """What every pass did, and what was decided for the program."""
        return explain(self.graph, self.program)


def compile_tflite(
    tflite: bytes, labels: Sequence[str] = (), vectors: int = 1, prefer: str = "balance"
) -> Compiled:
    """Compile the bytes of an int8 `.tflite`.

    Args: `labels` one for each class, or none; `vectors` the number of test vectors to put into the file; `prefer`
    what `variants.choose_variants` prefers.
    Raises ModelError when the model cannot be compiled: what it has, and what was expected.
    """
    graph = read_tflite(tflite)
    check_operators(graph)
    simplify(graph)
    program = choose_variants(lower(graph), prefer)
    planned = plan(program)
    seeds = range(1, vectors + 1)
    test_vectors = [make_vector(graph, program, planned.goals, seed * len(graph.inputs)) for seed in seeds]
    return Compiled(write_cvl(program, planned, labels, test_vectors), graph, program, planned)


def compile_file(
    tflite: Path, cvl: Path, labels: Sequence[str] = (), vectors: int = 1, prefer: str = "balance"
) -> Compiled:
    """Compile the file `tflite` to the file `cvl`, which is replaced only when all went well.

    Raises ConvletError when a file cannot be read or written, ModelError when the model cannot be compiled.
    """
    try:
        compiled = compile_tflite(read_file(tflite, "the model"), labels, vectors, prefer)
    except ModelError as error:
        raise ModelError(f"{tflite}: {error}") from error
    write_atomic(cvl, compiled.cvl)
    return compiled


def read_labels(path: Path) -> list[str]:
    """The labels in a text file, one a line; empty lines at its end do not count.

    Raises ConvletError when the file cannot be read or is not UTF-8.
    """
    try:
        return read_file(path, "the labels").decode().rstrip().splitlines()
    except UnicodeDecodeError as error:
        raise ConvletError(f"the labels {path} are not UTF-8 text: {error.reason}") from error
