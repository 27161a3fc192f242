"""The whole road in one go: train, quantise, compile, prove, build firmware, run it on an emulated Pico, compare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convlet import board, deploy, emulate, firmware, on_board
from convlet.compile import Compiled, compile_file, read_labels
from convlet.cvl_file import read_cvl
from convlet.errors import VerifyError
from convlet.evaluate import accuracy
from convlet.files import write_atomic
from convlet.firmware import Added
from convlet.progress import SILENT, Progress
from convlet.train import Metrics, Trained, train
from convlet.verify import Verified, random_images, verify

RANDOM_IMAGES = 1000


@dataclass(frozen=True)
class OnPico:
    """What the emulated Pico did with the test split: its raw outputs, and the cycles of one inference."""

    outputs: np.ndarray
    cycles: int
    samples: str  # what device/classify.py printed


@dataclass(frozen=True)
class Demo:
    """The figures of the demo's closing table."""

    metrics: Metrics
    compiled: Compiled
    verified: Verified
    added: Added
    added_for_digits: Added  # by a module with the kernels that digits.cvl needs, and no others
    pico: OnPico
    accuracy: float  # of TFLM's outputs, which the engine's equal
    pico_accuracy: float
    pico_mismatches: int  # images whose outputs on the Pico are not TFLM's


def run_demo(folder: Path, *, deterministic: bool = False, progress: Progress = SILENT) -> Demo:
    """Do it all for the digits, and leave the files in `folder`. Raises VerifyError when any bit differs."""
    emulate.require_packages()
    trained = train("digits", folder, deterministic=deterministic, progress=progress)
    with np.load(trained.files.test_split) as split:
        images, labels = split["images"], split["labels"]
    compiled = _compile(trained, progress)
    verified = _verify(trained, compiled, images, progress)
    pico = _run_on_pico(folder, images, progress)
    expected = verified.outputs[: len(images)]
    kernels = read_cvl(compiled.cvl).kernels
    result = Demo(
        metrics=trained.metrics,
        compiled=compiled,
        verified=verified,
        added=firmware.added_by_module("pico", progress=progress),
        added_for_digits=firmware.added_by_module("pico", operators=kernels, progress=progress),
        pico=pico,
        accuracy=accuracy(expected, labels),
        pico_accuracy=accuracy(pico.outputs, labels),
        pico_mismatches=int((pico.outputs != expected).any(axis=1).sum()),
    )
    if result.pico_mismatches or not verified.exact:
        raise VerifyError(
            f"{result.pico_mismatches} outputs on the Pico, {verified.engine_mismatches} of the C engine and "
            f"{verified.reference_mismatches} of the numpy reference are not TFLM's"
        )
    return result


def _compile(trained: Trained, progress: Progress) -> Compiled:
    progress.step("Compiling digits.cvl")
    cvl = trained.files.folder / "digits.cvl"
    compiled = compile_file(trained.files.tflite, cvl, read_labels(trained.files.labels))
    progress.detail(f"{len(compiled.cvl):,} bytes, arena {compiled.plan.arena_bytes} bytes")
    return compiled


def _verify(trained: Trained, compiled: Compiled, images: np.ndarray, progress: Progress) -> Verified:
    progress.step(f"Comparing {len(images)} test images and {RANDOM_IMAGES:,} random ones, bit by bit")
    real = [[image] for image in compiled.graph.inputs[0].quantize(images)]
    every = real + random_images(compiled, RANDOM_IMAGES)
    return verify(trained.files.tflite.read_bytes(), compiled, every, progress)


def _run_on_pico(folder: Path, images: np.ndarray, progress: Progress) -> OnPico:
    built = firmware.build("pico", progress=progress)
    write_atomic(folder / "firmware.uf2", built.image.read_bytes())
    progress.step("Booting MicroPython on an emulated Raspberry Pi Pico")
    with emulate.pico(built.image) as pico:
        deploy.deploy(folder / "digits.cvl", pico.port, progress=progress)
        with board.connect(pico.port) as connected:
            progress.step("Running device/classify.py there")
            samples = on_board.classify_samples(connected)
            for line in samples.splitlines():
                progress.detail(line)
            cycles = on_board.count_cycles(connected)
            progress.step("Classifying the test split there")
            outputs = on_board.run_images(connected, "digits.cvl", images, progress=progress)
    return OnPico(outputs, cycles, samples)
