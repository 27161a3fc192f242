"""All numbers of a report, each by the function that the command of its name prints it from."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convlet import bench, bench_build
from convlet.array_files import load_arrays
from convlet.bench import Measurement
from convlet.bench_build import CORES
from convlet.compile import Compiled, compile_tflite, read_labels
from convlet.cvl_file import read_cvl
from convlet.datasets import Dataset, Part
from convlet.engine import Model
from convlet.errors import ConvletError, ToolError, VerifyError
from convlet.files import read_file
from convlet.float_model import FloatModel
from convlet.format import FLAG_LOGITS
from convlet.layout import Layout, layout_of
from convlet.oracle import Oracle
from convlet.progress import SILENT, Progress
from convlet.report.on_pico import OnPico
from convlet.signal_to_noise import LayerNoise, measure_noise
from convlet.tasks import CLASSIFICATION, RECONSTRUCTION, Classification, StepClassification, Task
from convlet.tflite_reader import read_tflite
from convlet.train import Metrics, TrainedFiles
from convlet.training_record import TrainingRecord, read_record
from convlet.verify import Verified, verify

BENCH_CORES = ("m0plus", "m4")
MOST_TIMED = 200  # samples
FLOAT, TFLM, ENGINE, PICO = "float .tflite", "int8 .tflite, TFLM", ".cvl, Convlet", ".cvl, Raspberry Pi Pico"

OnBoard = Callable[
    [bytes, Compiled, Part], OnPico
]  # for the int8 .tflite, what was compiled of it, the test split


@dataclass(frozen=True)
class Run:
    """What one program made of the test samples.

    `outputs`: real values, float32[N, ...output shape]. `differ`: how many of them are not TFLM's to the last bit, None
    for float. `seconds`: of one inference on this computer, the program's own overhead included, None elsewhere.
    """

    title: str
    outputs: NDArray[np.float32]
    score: float
    file_bytes: int
    differ: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class LayerFacts:
    """An operator of the engine. `instructions` by core; `noise` is None where the float model has no such tensor."""

    index: int
    kind: str
    shape: tuple[int, ...]
    macs: int
    weight_bytes: int
    arena_bytes: int
    rows_kept: int
    instructions: dict[str, int]
    noise: LayerNoise | None


@dataclass(frozen=True)
class Facts:
    """What the report of one trained model says."""

    name: str
    metrics: Metrics
    record: TrainingRecord
    labels: list[str]
    task: Task
    test: Part
    runs: list[Run]
    verified: Verified
    compiled: Compiled
    layout: Layout
    layers: list[LayerFacts]
    noise: list[LayerNoise]
    measurements: list[Measurement]
    not_measured: str  # why no instructions were counted, or nothing
    pico: OnPico | None

    @property
    def cvl_bytes(self) -> int:
        return len(self.compiled.cvl)

    @property
    def gives_logits(self) -> bool:
        """Whether its outputs become probabilities by a softmax; else they are that, as the engine takes them."""
        return bool(read_cvl(self.compiled.cvl).header["flags"] & FLAG_LOGITS)

    def run(self, title: str) -> Run | None:
        """The run of that title."""
        return next((run for run in self.runs if run.title == title), None)

    def confusion(self, run: Run) -> NDArray[np.int64]:
        """int64[true class, predicted class] of a model of classes."""
        assert isinstance(self.task, Classification)
        count = len(run.outputs)
        part = Part(self.test.images[:count], self.test.labels[:count])
        return self.task.confusion(run.outputs, Dataset(tuple(self.labels), part, part, part))


def gather(folder: Path, progress: Progress = SILENT, on_board: OnBoard | None = None) -> Facts:
    """Measure what `convlet train` left in `folder`; `on_board` runs the test samples on a board.

    Raises ConvletError when the folder is none of a training, VerifyError when a program does not give TFLM's bits.

    >>> facts = gather(Path())  # the folder of `convlet train digits`; report.page.render makes the page
    >>> facts.verified.engine_mismatches, facts.layout.plan.arena_bytes
    (0, 244)
    """
    files = find_trained(folder)
    metrics = _read_metrics(files.metrics)
    record = read_record(files.record)
    labels = read_labels(files.labels) if files.labels.is_file() else []
    test = _read_test(files.test_split)
    task = _task(record, labels)
    tflite = read_file(files.tflite, "the int8 model")
    float_tflite = read_file(files.float_tflite, "the float model")

    progress.step(f"Compiling {files.name}")
    compiled = compile_tflite(tflite, labels if _values(tflite) == len(labels) else ())
    progress.step(f"Running {len(test):,} test samples in float, TFLM and the engine")
    images = _quantized(compiled, test)
    verified = verify(tflite, compiled, images, progress)
    if not verified.exact:
        raise VerifyError(f"{files.tflite} does not give TFLM's outputs: see convlet verify")
    runs = _runs_here(float_tflite, tflite, compiled, test, task, verified, images)
    noise = measure_noise(float_tflite, tflite, test.images, progress)
    measurements, not_measured = _count(files.name, tflite, progress)
    layout = layout_of(compiled.program, compiled.plan)
    pico = on_board(tflite, compiled, test) if on_board else None
    if pico is not None:
        runs.append(_run_of_board(pico, tflite, test, task, verified))
    return Facts(
        name=files.name,
        metrics=metrics,
        record=record,
        labels=labels,
        task=task,
        test=test,
        runs=runs,
        verified=verified,
        compiled=compiled,
        layout=layout,
        layers=_layers(compiled, layout, measurements, noise),
        noise=noise,
        measurements=measurements,
        not_measured=not_measured,
        pico=pico,
    )


def find_trained(folder: Path) -> TrainedFiles:
    """The files of the one model in `folder`. Raises ConvletError when there is none, or there are several."""
    names = sorted(path.name.removesuffix(".metrics.json") for path in Path(folder).glob("*.metrics.json"))
    if len(names) != 1:
        found = f"{len(names)} ({', '.join(names)})" if names else "none"
        raise ConvletError(
            f"{folder} is no folder of one `convlet train`: it has {found} of the files NAME.metrics.json"
        )
    return TrainedFiles(Path(folder), names[0])


def _values(tflite: bytes) -> int:
    """Of the output: more than there are classes where each step of a series gets one."""
    return math.prod(read_tflite(tflite).outputs[0].rows)


def _task(record: TrainingRecord, labels: Sequence[str]) -> Task:
    """What the model is for: one without classes gives its input back."""
    if not labels:
        return RECONSTRUCTION
    return StepClassification(record.warm_up) if record.warm_up else CLASSIFICATION


def _read_metrics(path: Path) -> Metrics:
    try:
        return Metrics(**json.loads(read_file(path, "the metrics of a training")))
    except (ValueError, TypeError) as error:
        raise ConvletError(f"{path} is no metrics of a training: {error}") from error


def _read_test(path: Path) -> Part:
    images, labels = load_arrays(path, "the test split", ("images", "labels"))
    return Part(images, labels)


def _quantized(compiled: Compiled, test: Part) -> list[list[np.ndarray]]:
    return [[image] for image in compiled.graph.inputs[0].quantize(test.images)]


def _runs_here(
    float_tflite: bytes,
    tflite: bytes,
    compiled: Compiled,
    test: Part,
    task: Task,
    verified: Verified,
    images: Sequence[Sequence[np.ndarray]],
) -> list[Run]:
    """Float, TFLM and the engine on this computer. Each is timed alone."""
    float_model, oracle, model = FloatModel(float_tflite), Oracle(tflite), Model(compiled.cvl)
    real, float_seconds = _timed(lambda: float_model.outputs(test.images), len(test))
    timed = images[:MOST_TIMED]
    _, tflm_seconds = _timed(lambda: [oracle.run(image) for image in timed], len(timed))
    _, engine_seconds = _timed(lambda: [model.run(*image) for image in timed], len(timed))
    outputs = _real(verified.outputs, tflite)
    score = task.score(outputs, test)
    return [
        Run(FLOAT, real, task.score(real, test), len(float_tflite), None, float_seconds),
        Run(TFLM, outputs, score, len(tflite), 0, tflm_seconds),
        # Its outputs are TFLM's: that was just proved.
        Run(ENGINE, outputs, score, len(compiled.cvl), verified.engine_mismatches, engine_seconds),
    ]


def _timed(work: Callable[[], Any], count: int) -> tuple[Any, float]:
    begin = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - begin) / count


def _real(stored: NDArray[np.int8], tflite: bytes) -> NDArray[np.float32]:
    """float32[N, ...output shape] of raw outputs, in the shape that the `.tflite` has."""
    output = read_tflite(tflite).outputs[0]
    return output.dequantize(stored).reshape(-1, *output.shape)


def _run_of_board(pico: OnPico, tflite: bytes, test: Part, task: Task, verified: Verified) -> Run:
    count = len(pico.outputs)
    outputs = _real(pico.outputs, tflite)
    differ = int((pico.outputs != verified.outputs[:count]).any(axis=1).sum())
    if differ:
        raise VerifyError(f"{differ} of {count} outputs on the board are not TFLM's")
    score = task.score(outputs, Part(test.images[:count], test.labels[:count]))
    return Run(PICO, outputs, score, pico.cvl_bytes, differ)


def _count(name: str, tflite: bytes, progress: Progress) -> tuple[list[Measurement], str]:
    """As `convlet bench` does. Without the compilers or QEMU: nothing, and why.

    Of the file without labels too, since where its parts lie moves the counter's ticks by one.
    """
    progress.step("Counting instructions in QEMU")
    try:
        compiled = compile_tflite(tflite)
        engines = [bench_build.build(CORES[core]) for core in BENCH_CORES]
        return [bench.measure(engine, name, compiled) for engine in engines], ""
    except ToolError as error:
        progress.detail(f"not counted: {error}")
        return [], str(error)


def _layers(
    compiled: Compiled,
    layout: Layout,
    measurements: Sequence[Measurement],
    noise: Sequence[LayerNoise],
) -> list[LayerFacts]:
    by_tensor = {layer.tensor: layer for layer in noise}
    return [
        LayerFacts(
            index=index,
            kind=node.kind,
            shape=layout.shape_of(index),
            macs=node.macs,
            weight_bytes=len(node.weights) + len(node.table),
            arena_bytes=layout.bytes_used(index),
            rows_kept=layout.rows_kept(index),
            instructions={each.core: each.kernels[index].instructions for each in measurements},
            noise=by_tensor.get(node.tensor.name),
        )
        for index, node in enumerate(compiled.program.nodes)
    ]
