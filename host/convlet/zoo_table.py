"""The table of the zoo: for each model how good it is, what it takes, and whether the engine gives TFLM's bits."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convlet.array_files import IMAGES, LABELS, load_arrays
from convlet.compile import Compiled, compile_tflite
from convlet.datasets import Part
from convlet.engine import Model
from convlet.errors import ConvletError
from convlet.file_kinds import TFLITE, read_kind
from convlet.files import read_file, write_atomic
from convlet.graph import Graph, Tensor
from convlet.oracle import Oracle
from convlet.progress import SILENT, Progress
from convlet.tflite_reader import read_tflite
from convlet.trained import trained
from convlet.verify import random_images
from convlet.zoo import NAMES, find_recipe

RANDOM_INPUTS = 200
BEGIN, END = "<!-- scripts/zoo_table begins -->", "<!-- scripts/zoo_table ends -->"


@dataclass(frozen=True)
class Entry:
    """A model's line. `scores` are texts: Keras' float model, int8 by TFLM, int8 by the engine; empty without data.

    `arena_bytes` is what `convlet compile` chooses, `ram_arena_bytes` with `--prefer ram`, which `cvl_bytes` is of too,
    `int8_arena_bytes` with `--prefer ram --int8-input`. `mismatches`: how many of `compared` inputs give another output
    than TFLM's.
    """

    name: str
    macs: int
    scores: tuple[str, ...]
    tflite_bytes: int
    cvl_bytes: int
    largest_bytes: int
    tflm_arena_bytes: int
    arena_bytes: int
    ram_arena_bytes: int
    int8_arena_bytes: int
    compared: int
    mismatches: int


def measure_zoo(more: Sequence[Path] = (), progress: Progress = SILENT) -> list[Entry]:
    """An entry for each model of the zoo, which is trained if need be, and for each `.tflite` file in `more`."""
    others = [measure_file(path, progress) for path in more]  # first: what is wrong with them shows at once
    return [measure_trained(name, progress) for name in NAMES] + others


def measure_trained(name: str, progress: Progress = SILENT) -> Entry:
    """The entry of a model of the zoo, on its whole test split and on random inputs."""
    files, task = trained(name, progress), find_recipe(name).task
    test = Part(*load_arrays(files.test_split, "the test split", (IMAGES, LABELS)))
    tflite = files.tflite.read_bytes()
    compared = _compare(name, tflite, test.images, progress)
    # Of the file, since the compiler may give the tensor another shape.
    output = read_tflite(tflite).outputs[0]

    def score(outputs: np.ndarray) -> float:
        tests = outputs[: len(test)].reshape(-1, *output.shape)
        return task.score(output.dequantize(tests), test)

    keras = json.loads(files.metrics.read_text())["keras_score"]
    scores = keras, score(compared.expected), score(compared.outputs)
    return _entry(compared, tuple(task.text(each) for each in scores))


def measure_file(path: Path, progress: Progress = SILENT) -> Entry:
    """The entry of the int8 `.tflite` at `path`, on random inputs. Raises ConvletError when it cannot be compiled.

    >>> entry = measure_file(Path("digits.tflite"))
    >>> entry.macs, entry.mismatches
    (3312, 0)
    """
    tflite = read_kind(path, TFLITE, "the model")
    return _entry(_compare(path.stem, tflite, None, progress), ("", "", ""))


@dataclass(frozen=True)
class _Compared:
    """A compiled model with TFLM's outputs and the engine's, int8[N, values], first those for the test images."""

    name: str
    tflite: bytes
    compiled: Compiled
    expected: np.ndarray
    outputs: np.ndarray
    tflm_arena_bytes: int


def _compare(name: str, tflite: bytes, images: np.ndarray | None, progress: Progress) -> _Compared:
    progress.step(f"Comparing {name} with TFLM")
    compiled = compile_tflite(tflite)
    inputs = random_images(compiled, RANDOM_INPUTS)
    if images is not None:
        inputs = [[image] for image in compiled.graph.inputs[0].quantize(images)] + inputs
    oracle, model = Oracle(tflite), Model(compiled.cvl)
    expected, outputs = [], []
    with progress.bar(f"{len(inputs):,} inputs", len(inputs)) as advance:
        for each in inputs:
            expected.append(oracle.run(each))
            outputs.append(np.array(model.run(*each)))
            advance(1)
    return _Compared(name, tflite, compiled, np.array(expected), np.array(outputs), oracle.arena_bytes())


def _entry(compared: _Compared, scores: tuple[str, ...]) -> Entry:
    compiled, tflite = compared.compiled, compared.tflite
    smallest = compile_tflite(tflite, prefer="ram")
    return Entry(
        name=compared.name,
        macs=compiled.program.macs,
        scores=scores,
        tflite_bytes=len(tflite),
        cvl_bytes=len(smallest.cvl),
        largest_bytes=largest_bytes(read_tflite(tflite)),
        tflm_arena_bytes=compared.tflm_arena_bytes,
        arena_bytes=compiled.plan.arena_bytes,
        ram_arena_bytes=smallest.plan.arena_bytes,
        int8_arena_bytes=compile_tflite(tflite, prefer="ram", int8_input=True).plan.arena_bytes,
        compared=len(compared.outputs),
        mismatches=int((compared.outputs != compared.expected).any(axis=1).sum()),
    )


def weight_bytes(graph: Graph) -> int:
    """Of all that was learned: int8 weights with their float32 scales, and int32 biases.

    A tensor that several operators share counts once.
    """
    constants = {tensor for operator in graph.operators for tensor in operator.inputs if _is_learned(tensor)}
    scales = sum(4 * len(tensor.scale) for tensor in constants if tensor.constant.dtype == np.int8)
    return sum(tensor.constant.nbytes for tensor in constants) + scales


def _is_learned(tensor: Tensor) -> bool:
    return tensor.data is not None and len(tensor.scale) > 0


def largest_bytes(graph: Graph) -> int:
    """Of the largest int8 tensor that is no constant: the input, or what an operator makes."""
    tensors = [*graph.inputs, *(operator.output for operator in graph.operators)]
    return max(math.prod(tensor.shape) for tensor in tensors)


def markdown(entries: Sequence[Entry]) -> str:
    """The entries as a table in Markdown."""
    lines = [[heading for heading, _ in COLUMNS], ["---"] + ["---:"] * (len(COLUMNS) - 1)]
    lines += [[text(entry) for _, text in COLUMNS] for entry in entries]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def put_into(path: Path, table: str) -> None:
    """Replace what is between the marks in the Markdown file `path` by `table`. Raises ConvletError without marks."""
    text = read_file(path, "a Markdown file").decode()
    before, begin, rest = text.partition(BEGIN + "\n")
    _, end, after = rest.partition(END)
    if not end:
        raise ConvletError(f"{path} has no place for the table, expected the lines {BEGIN} and {END}")
    write_atomic(path, (before + begin + table + end + after).encode())


# Heading and text of each column.
COLUMNS: tuple[tuple[str, Callable[[Entry], str]], ...] = (
    ("Model", lambda entry: entry.name),
    ("MACs", lambda entry: f"{entry.macs:,}"),
    ("Keras, float", lambda entry: entry.scores[0]),
    ("TFLM, int8", lambda entry: entry.scores[1]),
    ("Engine", lambda entry: entry.scores[2]),
    ("Differ", lambda entry: f"{entry.mismatches} of {entry.compared:,}"),
    (".tflite", lambda entry: f"{entry.tflite_bytes:,}"),
    (".cvl", lambda entry: f"{entry.cvl_bytes:,}"),
    ("Largest tensor", lambda entry: f"{entry.largest_bytes:,}"),
    ("TFLM arena", lambda entry: f"{entry.tflm_arena_bytes:,}"),
    ("Arena", lambda entry: f"{entry.arena_bytes:,}"),
    ("prefer ram", lambda entry: f"{entry.ram_arena_bytes:,}"),
    ("int8 input", lambda entry: f"{entry.int8_arena_bytes:,}"),
)
