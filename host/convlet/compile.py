"""Compiles an int8 `.tflite` to a `.cvl`: read, check, simplify, lower, plan, write."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from convlet.copies import check_copies, with_copies
from convlet.errors import ConvletError, ModelError, naming
from convlet.explain import FAST_KINDS, explain
from convlet.file_kinds import kind_of
from convlet.files import read_file, write_atomic
from convlet.format import HEADER
from convlet.fused_pools import with_pools_fused
from convlet.graph import Change, Graph
from convlet.ops import check_operators
from convlet.passes import SPLITTING, TURNING, apply, simplify
from convlet.passes.wide_operators import fastest_form, split_wide_operators
from convlet.plan import Plan, plan, plan_goals
from convlet.program import Program, lower
from convlet.schedule import simulate
from convlet.stream_plan import events_until, hastened_stream, plan_stream, stream_program
from convlet.tflite_reader import read_tflite
from convlet.variants import BALANCE, choose_variants, hasten
from convlet.vectors import make_vector
from convlet.window_plan import window_goals
from convlet.writer import ALIGNMENT, MOST_HEAD_WORDS, write_cvl

_TRIALS = 6  # to pack what was allowed
_LEAST_STEP = 0.02  # of the arena, from trial to trial


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
    tflite: bytes,
    labels: Sequence[str] = (),
    vectors: int = 1,
    prefer: str = "balance",
    stream: bool = False,
    int8_input: bool = False,
    window: int = 0,
    weights_in_ram: int = 0,
) -> Compiled:
    """Compile the bytes of an int8 `.tflite`.

    Args: `labels` one for each class, or none; `vectors` the number of test vectors to put into the file; `prefer`
    what `variants.choose_variants` prefers; `stream`: for input that comes step by step without end, whatever the
    number of steps in the `.tflite`. Then `graph` and `program` are those for some periods in time. `int8_input`: the
    model takes int8 images only, and needs no RAM for them, since it reads them where they lie; it has no test vectors.
    `window`: the size in bytes of the window through which a board is to read the weights from a file, 0 for none.
    `weights_in_ram`: bytes of the arena for copies of the weights that are read most.
    Raises ModelError when the model cannot be compiled: what it has, and what was expected.

    >>> compiled = compile_tflite(Path("digits.tflite").read_bytes(), prefer="ram")
    >>> compiled.plan.arena_bytes, compiled.program.macs
    (168, 3312)
    """
    if window and weights_in_ram:
        raise ModelError(
            "weights that a window reads from a file are in RAM then: leave out --weights-in-ram"
        )
    graph = read_tflite(tflite)
    check_operators(graph)
    simplify(graph)
    if window:
        graph.changes.append(Change(SPLITTING, split_wide_operators(graph, window)))
    if stream or graph.remembers:
        if int8_input:
            raise ModelError("a stream keeps rows of its input: compile it without --int8-input")
        graph, program = stream_program(graph)
        # Faster forms have larger tables, which a window would read in each step.
        program = hastened_stream(program, "ram" if window else prefer)
        planned = plan_stream(program)
        events = events_until(program, program.period[0])
    else:
        if window and prefer != "ram":
            program, planned = _planned_in_blocks(graph, int8_input, window, prefer)
        else:
            graph, program, planned = _turned_or_not(graph, prefer, int8_input)
        events = simulate(program, planned.goals)
    if weights_in_ram:
        program = with_copies(program, weights_in_ram)
        planned = plan_stream(program) if program.period else plan_goals(program, planned.goals)
        check_copies(planned)
    seeds = range(1, vectors + 1) if program.nodes[0].stored else ()
    test_vectors = [make_vector(graph, program, events, seed * len(graph.inputs)) for seed in seeds]
    cvl = write_cvl(program, planned, labels, test_vectors)
    if window and not HEADER.unpack(cvl)["head_words"]:
        raise ModelError(
            f"labels and records are more than {ALIGNMENT * MOST_HEAD_WORDS:,} bytes, which are kept in RAM beside a "
            "window: use shorter labels"
        )
    return Compiled(cvl, graph, program, planned)


def _turned_or_not(graph: Graph, prefer: str, int8_input: bool) -> tuple[Graph, Program, Plan]:
    """The graph as it is or with its lines turned into columns, as `prefer` has it, and its program and plan."""
    program, planned = _planned(graph, prefer, int8_input)
    turned = copy.deepcopy(graph)
    apply(TURNING, turned)
    if prefer == "speed" or not turned.changes[-1].details:
        return graph, program, planned
    try:
        narrow, narrow_plan = _planned(turned, prefer, int8_input)
    except ModelError:  # too many rows in a window
        return graph, program, planned
    most = narrow_plan.arena_bytes * (BALANCE if prefer in ("balance", "flash") else 1)
    return (graph, program, planned) if planned.arena_bytes <= most else (turned, narrow, narrow_plan)


def _planned(graph: Graph, prefer: str, int8_input: bool) -> tuple[Program, Plan]:
    """The program for `prefer` and its plan."""
    lowered = lower(graph, int8_input)
    # Its weights take two bytes each.
    fused = lowered if prefer == "flash" else with_pools_fused(lowered)
    if prefer == "speed":
        program = choose_variants(fused, prefer)
        return program, plan(program)
    ways = [lowered] if fused is lowered else [fused, lowered]
    chosen = [choose_variants(way, "ram") for way in ways]
    # Nothing that accumulates may be packed better.
    small = [*chosen, *(choose_variants(way, "plain") for way in ways)]
    smallest = min(((program, plan(program)) for program in small), key=lambda pair: pair[1].arena_bytes)
    if prefer == "ram":
        return smallest
    pairs = zip(ways, chosen, strict=True)
    return min((_hastened(*pair, smallest, prefer) for pair in pairs), key=lambda pair: _slow_macs(pair[0]))


def _slow_macs(program: Program) -> int:
    return sum(node.macs for node in program.nodes if node.kind not in FAST_KINDS)


def _planned_in_blocks(graph: Graph, int8_input: bool, window: int, prefer: str) -> tuple[Program, Plan]:
    """The program with its fastest forms, and a plan by which each inference reads the file seldom."""
    lowered = lower(graph, int8_input)
    program = replace(lowered, nodes=[fastest_form(node, window) for node in lowered.nodes])
    program = choose_variants(program, "plain")
    return program, plan_goals(program, window_goals(program, window, prefer))


def _hastened(
    lowered: Program, chosen: Program, smallest: tuple[Program, Plan], prefer: str
) -> tuple[Program, Plan]:
    """`chosen`, as fast as BALANCE times the smallest arena allows. Where packing needs more than the peak that was
    allowed, less is.
    """
    most = BALANCE * smallest[1].arena_bytes
    peak = most - smallest[1].state_bytes
    for _ in range(_TRIALS):
        program = hasten(lowered, chosen, peak, prefer)
        planned = plan(program, most)
        if planned.arena_bytes <= most:
            return program, planned
        peak -= max(planned.arena_bytes - most, _LEAST_STEP * most)
    return smallest


def compile_file(tflite: Path, cvl: Path, labels: Sequence[str] = (), **options: Any) -> Compiled:
    """Compile the file `tflite` to the file `cvl`, which is replaced only when all went well.

    Args: `options` are those of `compile_tflite`.
    Raises ConvletError when a file cannot be read or written, ModelError when the model cannot be compiled.

    >>> labels = read_labels(Path("digits.labels.txt"))
    >>> compiled = compile_file(Path("digits.tflite"), Path("small.cvl"), labels, prefer="ram", vectors=0)
    >>> Path("small.cvl").read_bytes() == compiled.cvl
    True
    """
    with naming(tflite):
        compiled = compile_tflite(read_file(tflite, "the model"), labels, **options)
    write_atomic(cvl, compiled.cvl)
    return compiled


def read_labels(path: Path) -> list[str]:
    """The labels in a text file, one a line; empty lines at its end do not count.

    Raises ConvletError when the file cannot be read, is not UTF-8 or empty.

    >>> read_labels(Path("digits.labels.txt"))[:3]
    ['0', '1', '2']
    """
    data = read_file(path, "the labels")
    try:
        text = data.decode().rstrip()
    except UnicodeDecodeError:
        text = "\0"
    if not text or "\0" in text:
        raise ConvletError(
            f"the labels {path} are {kind_of(data)}, expected UTF-8 text with a label on each line"
        )
    return text.splitlines()
