"""Models whose instructions are counted: the shapes of well-known networks, with weights that need no training."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

from chain import Chain, digits_chain
from convlet.compile import Compiled, compile_tflite

BASELINE = Path(__file__).with_name("bench_baseline.json")
MLPERF = Path(__file__).parents[2] / "shared" / "models" / "mlperf_tiny"


def small_models() -> dict[str, bytes]:
    """`.tflite` files that run in a moment, by name."""
    return {
        "digits_like": digits_chain().build(),
        "lenet_like": lenet_chain().build(),
        "residual_like": Chain((16, 16, 3))
        .conv(16, padding="SAME")
        .conv(32, (3, 3), (2, 2))
        .dense(10)
        .build(),
        "separable_like": separable_chain().build(),
    }


def mlperf_models() -> dict[str, bytes]:
    """The MLPerf Tiny reference models; none where their folder is absent."""
    return {path.stem: path.read_bytes() for path in sorted(MLPERF.glob("*.tflite"))}


@cache
def compiled_mlperf(name: str, prefer: str = "balance") -> tuple[Compiled, float]:
    """The model compiled, once a process, and how many seconds of a processor that took."""
    tflite, began = mlperf_models()[name], time.process_time()
    return compile_tflite(tflite, prefer=prefer), time.process_time() - began


def lenet_chain() -> Chain:
    """LeNet-5 for 28 x 28 pixels: 416,520 multiplications."""
    chain = Chain((28, 28, 1)).conv(6, (5, 5), padding="SAME").max_pool().conv(16, (5, 5)).max_pool()
    return chain.dense(120).dense(84).dense(10)


def separable_chain() -> Chain:
    """The layers of MobileNet: a convolution of three channels, then depthwise and 1 x 1 ones."""
    chain = Chain((24, 24, 3)).conv(8, (3, 3), (2, 2), "SAME").depthwise().conv(16, (1, 1))
    return chain.depthwise(stride=(2, 2)).conv(32, (1, 1)).average_pool((6, 6), (6, 6)).dense(4)
