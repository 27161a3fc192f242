"""The MLPerf Tiny reference models, read from beside the checkout; where that folder is absent, skipped."""

from pathlib import Path

import pytest
from convlet.compile import compile_tflite
from convlet.verify import random_images, verify

FOLDER = Path(__file__).parents[3] / "shared" / "models" / "mlperf_tiny"
# Most bytes for all tensors, scratch and input rows, with `prefer="ram"`.
TENSOR_BYTES = {"kws_ref_model": 3556, "pretrainedResnet_quant": 9152, "vww_96_int8": 10656}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the models are not beside this checkout")


@pytest.mark.parametrize("name", TENSOR_BYTES)
def test_arena(name):
    compiled = compile_tflite((FOLDER / f"{name}.tflite").read_bytes(), prefer="ram", vectors=0)
    assert compiled.plan.tensor_bytes <= TENSOR_BYTES[name]
    assert compiled.plan.state_bytes <= 32 * len(compiled.program.nodes)


@pytest.mark.parametrize("prefer", ["ram", "speed"])
@pytest.mark.parametrize("name", TENSOR_BYTES)
def test_exactness(name, prefer):
    tflite = (FOLDER / f"{name}.tflite").read_bytes()
    compiled = compile_tflite(tflite, prefer=prefer)
    assert verify(tflite, compiled, random_images(compiled, 4)).exact
