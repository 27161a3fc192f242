"""Models larger than RAM run from the Pico's file system through a window, in our firmware and in stock firmware."""

from __future__ import annotations

from pathlib import Path

import convlet
import numpy as np
import pytest
from bench_models import MLPERF
from chain import Chain
from convlet import emulate, native
from convlet.board import Board, connect
from convlet.compile import compile_tflite

HEAP_ALLOWED = 40 * 1024  # in use, with a model ready to run
# docs/performance.md says a little less: the script that measures it here lies in the heap too.
HEAP_OF_MLPERF = {"kws_ref_model": 26_500, "pretrainedResnet_quant": 38_200}
SCRIPT = """
import gc
import convlet
gc.collect()
before = gc.mem_alloc()
model = convlet.Model("model.cvl", window={window})
gc.collect()
print(gc.mem_alloc(), gc.mem_alloc() - before)
image = bytes([i * 7 % 256 for i in range({values})])
print(list(model.run(image)))
print(model.bytes_read)
"""


def run_through_window(running: Board, cvl: bytes, window: int) -> tuple[int, int, int]:
    """Checks the output; returns bytes of the heap in use, those that the model has, and those read from the file."""
    model = convlet.Model(cvl)
    values = int(np.prod(model.input_shape))
    sizes, output, read = running.run(SCRIPT.format(window=window, values=values), seconds=600).splitlines()
    in_use, added = (int(word) for word in sizes.split())
    assert output == str(list(model.run(bytes([i * 7 % 256 for i in range(values)]))))
    assert model.arena_bytes < added
    return in_use, added, int(read)


def wide_chain() -> Chain:
    """Few multiplications, but 300 KB of weights: more than a Pico has RAM."""
    return Chain((4, 4, 8)).conv(100, (1, 1)).dense(160).dense(200).dense(10)


def test_more_weights_than_ram(pico_firmware: Path) -> None:
    compiled = compile_tflite(wide_chain().build(), window=4096)
    assert len(compiled.cvl) > 290_000
    with emulate.pico(pico_firmware, {"model.cvl": compiled.cvl}) as running, connect(running.port) as board:
        in_use, _, read = run_through_window(board, compiled.cvl, 4096)
    assert in_use < HEAP_ALLOWED
    assert 290_000 < read < len(compiled.cvl)


@pytest.mark.skipif(not MLPERF.is_dir(), reason="the models are not beside this checkout")
@pytest.mark.parametrize("name", HEAP_OF_MLPERF)
def test_mlperf_models(pico_firmware: Path, name: str) -> None:
    compiled = compile_tflite((MLPERF / f"{name}.tflite").read_bytes(), window=4096)
    with emulate.pico(pico_firmware, {"model.cvl": compiled.cvl}) as running, connect(running.port) as board:
        in_use, _, _ = run_through_window(board, compiled.cvl, 4096)
    assert HEAP_OF_MLPERF[name] - 1500 < in_use < HEAP_OF_MLPERF[name]


def test_stock_firmware(stock_pico_firmware: Path) -> None:
    """The native module, whose code lies in RAM too."""
    compiled = compile_tflite(Chain((4, 4, 8)).conv(100, (1, 1)).dense(40).build(), window=2048)
    files = {"model.cvl": compiled.cvl, "convlet.mpy": native.build("armv6m").path.read_bytes()}
    with (
        emulate.pico(stock_pico_firmware, files, board_name="pico-stock") as running,
        connect(running.port) as board,
    ):
        _, added, _ = run_through_window(board, compiled.cvl, 2048)
    assert added < len(compiled.cvl) // 4
