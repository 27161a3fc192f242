"""Counts the instructions that a processor executes for one inference, in an emulator: the same on every run."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convlet.bench_build import Core, Engine, link
from convlet.bench_trace import trace
from convlet.compile import Compiled
from convlet.engine import Model
from convlet.engine_size import measure_engine
from convlet.errors import ConvletError, ToolError, VerifyError
from convlet.file_kinds import kind_of
from convlet.files import read_file
from convlet.format import NO_OPERATOR
from convlet.plan import plan_layers
from convlet.vectors import seeded_image
from convlet.writer import write_cvl

SEED = 2026  # of the image
LOOP_INSTRUCTIONS = 2000  # of the loop of known length in micropython_module/bench/bench.c
_TIMEOUT_SECONDS = 300
_TICKS = ("run", "load", "kernel", "loop")  # the lines of the bench that count ticks


@dataclass(frozen=True)
class Kernel:
    """What all rows of one operator took."""

    operator: str
    macs: int
    instructions: int


@dataclass(frozen=True)
class Measurement:
    """Of one model on one processor, in an inference, or in a stream's step: the mean of a period's steps.

    `schedule`: instructions between the kernels.
    Bytes of the stack are those below the caller's frame, `load_stack` while loading and `stack` while running;
    `text` is the code and constants of the whole engine.
    """

    model: str
    core: str
    instructions: int
    load: int
    schedule: int
    macs: int
    arena: int
    stack: int
    load_stack: int
    text: int
    kernels: tuple[Kernel, ...]

    @property
    def per_mac(self) -> float:
        return self.instructions / self.macs if self.macs else 0.0


def measure(engine: Engine, name: str, compiled: Compiled) -> Measurement:
    """Run the model once on an image of noise, or a stream until its tensors are full, and then for a period.

    Raises VerifyError when it does not give what it gives on this computer, ToolError when the emulator fails.

    >>> from convlet.bench_build import CORES, build
    >>> from convlet.compile import compile_tflite
    >>> compiled = compile_tflite(Path("digits.tflite").read_bytes())
    >>> found = measure(build(CORES["m0plus"]), "digits", compiled)
    >>> found.macs, found.kernels[-1].operator
    (3312, 'CONV_2D_WIDE')
    """
    program = compiled.program
    images = _images(compiled)
    facts = _run(engine, compiled, images, wrapped=False)
    per_step = 1 / program.steps
    kernels = [round(count * per_step) for count in _run(engine, compiled, images, wrapped=True)["kernel"]]
    instructions = round(facts["run"][0] * per_step)
    _check(engine.core, name, compiled, images, facts)
    return Measurement(
        model=name,
        core=engine.core.name,
        instructions=instructions,
        load=facts["load"][0],
        schedule=instructions - sum(kernels),
        macs=program.macs,
        arena=compiled.plan.arena_bytes,
        stack=facts["stack"][0],
        load_stack=facts["load_stack"][0],
        text=measure_engine(engine).total,
        kernels=tuple(
            Kernel(node.kind, macs // program.steps, count)
            for node, macs, count in zip(program.nodes, program.macs_of_nodes, kernels, strict=True)
        ),
    )


def functions_of(engine: Engine, compiled: Compiled) -> dict[str, int]:
    """Instructions of one inference by function, most first, of the libraries too; slow: each is written to a log.

    Raises ToolError when the emulator fails.

    >>> from convlet.bench_build import CORES, build
    >>> from convlet.compile import compile_tflite
    >>> compiled = compile_tflite(Path("digits.tflite").read_bytes())
    >>> counts = functions_of(build(CORES["m0plus"]), compiled)
    >>> "cvl_conv2d_wide_row" in counts
    True
    """
    with _linked(engine, compiled, _images(compiled), wrapped=False) as elf:
        counts = trace(emulator_command(engine.core, elf), begin="cvl_start", end="bench_ticks")
    return dict(counts.most_common())


def layer_by_layer(compiled: Compiled) -> Compiled:
    """The same operators, each of which makes its whole tensor before the next begins; without labels and vectors.

    >>> from convlet.compile import compile_tflite
    >>> compiled = compile_tflite(Path("digits.tflite").read_bytes(), prefer="ram")
    >>> layer_by_layer(compiled).plan.arena_bytes > compiled.plan.arena_bytes
    True
    """
    planned = plan_layers(compiled.program)
    return replace(compiled, plan=planned, cvl=write_cvl(compiled.program, planned, (), ()))


def _run(
    engine: Engine, compiled: Compiled, images: Sequence[np.ndarray], wrapped: bool
) -> dict[str, list[int]]:
    """What the bench prints: for each name its numbers, ticks as instructions."""
    core = engine.core
    with _linked(engine, compiled, images, wrapped) as elf:
        printed = emulate(core, elf)
    facts: dict[str, list[int]] = {}
    for key, value in re.findall(r"^(\w+) (\d+)$", printed, re.MULTILINE):
        number = round(int(value) / core.ticks) if key in _TICKS else int(value)
        facts.setdefault(key, []).append(number)
    if facts.get("loop") != [LOOP_INSTRUCTIONS] or "selftest" not in facts:
        raise ToolError(f"the emulator of {core.title} cannot count: it says {printed!r}")
    return facts


def _images(compiled: Compiled) -> list[np.ndarray]:
    program = compiled.program
    shapes = [node.shape for node in program.nodes[: program.input_count]]
    return [seeded_image(SEED + i, int(np.prod(shape))) for i, shape in enumerate(shapes)]


@contextmanager
def _linked(
    engine: Engine, compiled: Compiled, images: Sequence[np.ndarray], wrapped: bool
) -> Iterator[Path]:
    """The bench with the model and its images, while the context lasts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.cvl").write_bytes(compiled.cvl)
        (folder / "images").write_bytes(b"".join(image.tobytes() for image in images))
        (folder / "model.S").write_text(_source(folder, compiled))
        link(engine, folder / "bench.elf", folder / "model.S", wrapped)
        yield folder / "bench.elf"


def _source(folder: Path, compiled: Compiled) -> str:
    """Assembler: the file, the images, and buffers of exactly the sizes that they must have."""
    words = 4 * len(compiled.program.nodes)

    def data(symbol: str, file: str) -> str:
        return f'.balign 4\n{symbol}: .incbin "{folder / file}"\n{symbol}_end:\n'

    def buffer(symbol: str, size: int) -> str:
        return f".balign 8\n{symbol}: .space {size}\n{symbol}_end:\n"

    parts = [
        '.section .rodata, "a"\n',
        data("bench_file", "model.cvl"),
        data("bench_images", "images"),
        '.section .bss, "aw", %nobits\n',
        buffer("bench_arena", compiled.plan.arena_bytes),
        buffer("bench_checksums", words),
        buffer("bench_kernel_ticks", words),
    ]
    symbols = [part.split(":")[0].split("\n")[1] for part in parts if ":" in part]
    return "".join(f".global {symbol}, {symbol}_end\n" for symbol in symbols) + "".join(parts)


def emulator_command(core: Core, elf: Path) -> list[str]:
    """Runs the program `elf`."""
    return [
        *core.emulator,
        "-icount",
        f"shift={core.shift}",
        "-nographic",
        "-monitor",
        "none",
        "-serial",
        "none",
        "-semihosting-config",
        "enable=on,target=native",
        "-kernel",
        str(elf),
    ]


def emulate(core: Core, elf: Path) -> str:
    """What the program prints. Raises ToolError when it fails, or the emulator is missing."""
    command = emulator_command(core, elf)
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_SECONDS
        )
    except FileNotFoundError as error:
        raise ToolError(f"the emulator {core.emulator[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"the emulator of {core.title} took over {_TIMEOUT_SECONDS} s") from error
    printed = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode:
        raise ToolError(f"{core.title} in {core.emulator[0]} ended with status {done.returncode}: {printed}")
    return printed


def _check(
    core: Core, name: str, compiled: Compiled, images: Sequence[np.ndarray], facts: dict[str, list[int]]
) -> None:
    model = Model(compiled.cvl)
    output = _last_of_stream(model, images[0]) if compiled.program.period else model.run(*images)
    expected = zlib.crc32(output)
    if facts["selftest"] != [NO_OPERATOR] or facts["output"][0] != expected:
        raise VerifyError(f"{core.title} does not give the outputs of {name} that this computer gives")


def _last_of_stream(model: Model, rows: np.ndarray) -> memoryview:
    """The output of the last step of a series, int8[values]."""
    for step in rows.reshape(-1, int(np.prod(model.input_shape))):
        model.step(step)
    return model.output


Baseline = dict[str, dict[str, int]]  # instructions of each model on each processor


def baseline_of(measurements: Sequence[Measurement]) -> Baseline:
    """The instructions alone, which is what is compared."""
    found: Baseline = {}
    for each in measurements:
        found.setdefault(each.model, {})[each.core] = each.instructions
    return found


def read_baseline(path: Path) -> Baseline:
    """Raises ConvletError when the file cannot be read or is no baseline."""
    data = read_file(path, "the baseline")
    try:
        models = json.loads(data).items()
        return {model: {core: int(count) for core, count in found.items()} for model, found in models}
    except (ValueError, TypeError, AttributeError) as error:
        raise ConvletError(f"{path} is no baseline in JSON but {kind_of(data)}: {error}") from error
