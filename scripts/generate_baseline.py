#!/usr/bin/env python3
"""Write tests/bench_baseline.json: the instructions that the models of tests/bench_models.py take on each processor.
Call it when a kernel has become faster, or must become slower."""

import json
import sys
from pathlib import Path

from convlet import bench, bench_build
from convlet.compile import compile_tflite
from convlet.files import write_atomic

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bench_models import BASELINE, mlperf_models, small_models

if __name__ == "__main__":
    engines = [bench_build.build(core) for core in bench_build.CORES.values()]
    found = []
    for name, tflite in {**small_models(), **mlperf_models()}.items():
        compiled = compile_tflite(tflite)
        found += [bench.measure(engine, name, compiled) for engine in engines]
    text = json.dumps(bench.baseline_of(found), indent=1) + "\n"
    write_atomic(BASELINE, text.encode())
    print(f"wrote {BASELINE}: {len(found)} counts")
