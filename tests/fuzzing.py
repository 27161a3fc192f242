"""Builds tests/engine/fuzz_load.c with clang's libFuzzer and runs it: on every processor, on a corpus of .cvl files."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from convlet.compile import compile_tflite
from convlet.engine_build import ENGINE, engine_sources
from convlet.writer import write_cvl
from exactness import with_variant
from golden import FOLDER
from several_ports import several_ports

HERE = Path(__file__).parent / "engine"
SANITIZERS = "-fsanitize=address,undefined,float-cast-overflow"
FLAGS = ["-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-DCVL_WITH_WINDOW=1"]
FLAGS += [SANITIZERS, "-fno-sanitize-recover=all"]
# Comparisons are not traced: it takes most of the time, and the mutator knows the records.
FUZZER = ["-fsanitize=fuzzer", "-fno-sanitize-coverage=trace-cmp"]
ASAN_OPTIONS = "quarantine_size_mb=4:detect_leaks=0"  # what lies longer in quarantine is not looked for again
SECONDS_OF_ONE = 60  # a run that takes longer is a finding, also where the processor is shared
LOG_LINES = 25  # of a sanitizer's report
MEGABYTES = 512


@dataclass(frozen=True)
class Fuzzed:
    """`findings` are the files that the engine failed on."""

    executions: int
    findings: list[Path]
    log: str


def build(folder: Path) -> Path:
    """The fuzzer's program, compiled into `folder`."""
    program = folder / "fuzz_load"
    sources = [HERE / "fuzz_load.c", HERE / "trial.c", *engine_sources()]
    subprocess.run(["clang", *FLAGS, *FUZZER, f"-I{ENGINE}", "-o", program, *sources], check=True)
    return program


def seeds() -> Iterator[bytes]:
    """The golden files; their models with each operator in its other form; a model of several inputs and outputs."""
    yield from (path.read_bytes() for path in sorted(FOLDER.glob("*.cvl")))
    for path in sorted(FOLDER.glob("*.tflite")):
        for prefer in ("ram", "speed"):
            compiled = compile_tflite(path.read_bytes(), prefer=prefer)
            yield compiled.cvl
            if any(node.accumulator_bytes is not None for node in compiled.program.nodes):
                yield with_variant(compiled, True).cvl
        yield write_cvl(compiled.program, compiled.plan)
    yield compile_tflite(several_ports()).cvl


def fuzz(folder: Path, seconds: int, executions: int = -1, workers: int = os.cpu_count() or 1) -> Fuzzed:
    """Fuzz until `seconds` have passed, all workers together have made `executions`, or one has found something.

    What is new to the fuzzer is kept in `folder/corpus`, with which the next run begins.
    """
    program, corpus = build(folder), folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    settings = {
        "max_total_time": seconds,
        "runs": max(executions // workers, -1),
        "timeout": SECONDS_OF_ONE,
        "rss_limit_mb": MEGABYTES,
        "artifact_prefix": f"{folder}/",
        "print_final_stats": 1,
    }
    command = [program, *(f"-{name}={value}" for name, value in settings.items()), corpus]
    logs = [folder / f"worker-{number}.log" for number in range(workers)]
    running = [_start(command, log) for log in logs]
    codes = [process.wait() for process in running]
    texts = [log.read_text(errors="replace") for log in logs]
    counts = [int(n) for text in texts for n in re.findall(r"number_of_executed_units: *(\d+)", text)]
    failed = [_report(text) for text, code in zip(texts, codes, strict=True) if code]
    findings = sorted(path for kind in ("crash", "timeout", "oom") for path in folder.glob(f"{kind}-*"))
    return Fuzzed(sum(counts), findings, "\n".join(failed))


def _report(log: str) -> str:
    """What happened, from the first line on that tells of an error."""
    lines = log.splitlines()
    begin = next((i for i, line in enumerate(lines) if "ERROR" in line or "runtime error" in line), 0)
    return "\n".join(lines[begin : begin + LOG_LINES])


def _start(command: list[str | Path], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        environment = os.environ | {"ASAN_OPTIONS": ASAN_OPTIONS}
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
