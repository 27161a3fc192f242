"""Files for a window: operators are split until they fit, and each inference reads the file once."""

import io
import re
from pathlib import Path

import convlet
import numpy as np
import pymicro_wakeword
import pytest
from bench_models import MLPERF, lenet_chain, separable_chain
from chain import Chain, stream_chain
from convlet import window_cost
from convlet.cli import main
from convlet.compile import compile_tflite
from convlet.schedule import simulate
from convlet.verify import random_images, verify
from convlet.window import ram_bytes
from convlet.window_plan import block_ends, bytes_read
from convlet.writer import bytes_in_window


def opened(compiled, window):
    return convlet.Model(io.BytesIO(compiled.cvl), window=window)


def read_by_second_run(compiled, window):
    """What the engine reads for an image when another has gone before."""
    model = opened(compiled, window)
    image = bytes(int(np.prod(model.input_shape)))
    model.run(image)
    before = model.bytes_read
    model.run(image)
    return model.bytes_read - before


def deep_chain():
    """Operators of every kind that can be split, the depthwise one with a number of channels that does not divide."""
    chain = Chain((6, 5, 7)).conv(30, padding="SAME").depthwise().depthwise(stride=(2, 2)).conv(52, (2, 2))
    return chain.dense(75).dense(10)


CHAINS = {"lenet": lenet_chain, "separable": separable_chain, "deep": deep_chain}


@pytest.mark.parametrize(
    ("name", "window", "prefer"),
    [
        *(("deep", window, "balance") for window in (512, 1024, 4096)),
        ("deep", 2048, "ram"),
        ("separable", 512, "balance"),
        ("separable", 512, "ram"),
        ("lenet", 4096, "balance"),
        ("lenet", 8192, "ram"),
    ],
)
def test_split_models_are_exact(name, window, prefer):
    tflite = CHAINS[name]().build()
    compiled = compile_tflite(tflite, window=window, prefer=prefer)
    opened(compiled, window).selftest()
    assert verify(tflite, compiled, random_images(compiled, 4)).exact
    assert max(bytes_in_window(compiled.program)) <= window


@pytest.mark.parametrize(("name", "window"), [("deep", 1024), ("separable", 600), ("lenet", 8192)])
def test_each_inference_reads_the_file_once(name, window):
    compiled = compile_tflite(CHAINS[name]().build(), window=window, prefer="speed")
    blocks = list(block_ends(compiled.program, window))
    all_constants = sum(bytes_in_window(compiled.program))
    events = simulate(compiled.program, compiled.plan.goals)
    assert bytes_read(compiled.program, events, window) == all_constants
    found = read_by_second_run(compiled, window)
    # The last piece of the file is not filled up; a single block stays in the window.
    assert 0 <= all_constants - found < 4 if len(blocks) > 1 else found == 0


def test_less_ram_where_reading_takes_little_of_the_time():
    """Between convolutions of many pixels and few weights, which do not fit together, no whole tensors are needed."""
    tflite = Chain((40, 40, 8)).conv(16).conv(16).conv(8, stride=(2, 2)).build()
    once, often = (compile_tflite(tflite, window=3000, prefer=prefer) for prefer in ("speed", "balance"))
    assert often.plan.arena_bytes < once.plan.arena_bytes // 2
    read = read_by_second_run(often, 3000)
    assert read_by_second_run(once, 3000) < read <= often.program.macs // 20
    assert verify(tflite, often, random_images(often, 2)).exact


def test_row_by_row_it_is_read_again_and_again():
    compiled = compile_tflite(lenet_chain().build(), window=8192, prefer="ram")
    expected = bytes_read(compiled.program, simulate(compiled.program, compiled.plan.goals), 8192)
    found = read_by_second_run(compiled, 8192)
    assert found > len(compiled.cvl) and 0 <= expected - found < 100


def test_what_fits_is_left_as_it_is():
    compiled = compile_tflite(separable_chain().build(), window=1 << 20)
    assert not [node for node in compiled.program.nodes if node.kind == "CONCATENATION"]
    assert list(block_ends(compiled.program, 1 << 20)) == [len(compiled.program.nodes)]


def test_a_stream_is_split_too():
    compiled = compile_tflite(stream_chain(16).build(), window=1024, stream=True)
    whole = convlet.Model(compile_tflite(stream_chain(16).build(), stream=True).cvl)
    model = opened(compiled, 1024)
    step = bytes(range(6)) * whole.input_shape[0]
    for _ in range(30):
        expected, found = whole.step(step), model.step(step)
        assert (found and bytes(found)) == (expected and bytes(expected))


def test_the_command_says_what_it_costs(tmp_path, capsys):
    path = tmp_path / "m.tflite"
    path.write_bytes(deep_chain().build())
    main(["compile", str(path), "--window", "1024", "--explain"])
    printed = " ".join(capsys.readouterr().out.split())
    assert "operators split for the window: 5" in printed
    compiled = compile_tflite(deep_chain().build(), window=1024)
    ram = len(opened(compiled, 1024)._stream._ram) * 4
    assert f"window: {ram:,} bytes of RAM for 1,024 of weights and the head; each image reads" in printed
    with pytest.raises(SystemExit):
        main(["compile", str(path), "--window", "10"])
    assert "10 is not in the range" in capsys.readouterr().err


PERFORMANCE = Path(__file__).parents[2] / "docs" / "performance.md"
NAMES = {"KWS": "kws_ref_model", "ResNet-8": "pretrainedResnet_quant", "VWW": "vww_96_int8"}
ROWS = re.findall(
    r"^\| ([\w-]+)(?:, `--prefer (\w+)`)? \| ([\d,]+) \| ([\d,]+) \+ ([\d,]+) \| ([\d,]+) \|$",
    PERFORMANCE.read_text(),
    re.MULTILINE,
)


@pytest.mark.skipif(not MLPERF.is_dir(), reason="the models are not beside this checkout")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row[:2]))
def test_the_page_says_what_mlperf_models_cost(row):
    name, prefer, *figures = row
    tflite = (MLPERF / f"{NAMES[name]}.tflite").read_bytes()
    compiled = compile_tflite(tflite, window=4096, prefer=prefer or "balance")
    opened(compiled, 4096).selftest()
    assert verify(tflite, compiled, random_images(compiled, 2)).exact
    ram, read = ram_bytes(compiled.cvl, 4096), window_cost.bytes_read(compiled.cvl, 4096)
    found = len(compiled.cvl), compiled.plan.arena_bytes, ram, read
    assert [f"{number:,}" for number in found] == figures


def test_the_page_has_a_row_for_each():
    assert {row[0] for row in ROWS} == set(NAMES) and len(ROWS) == 5 and len(STREAMS) == 2


WAKE_WORDS = Path(pymicro_wakeword.__file__).parent / "models"
STREAMS = re.findall(
    r"^\| (\w+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", PERFORMANCE.read_text(), re.MULTILINE
)


@pytest.mark.parametrize("row", STREAMS, ids=lambda row: row[0])
def test_the_page_says_what_steps_read(row):
    tflite = (WAKE_WORDS / f"{row[0]}.tflite").read_bytes()
    reads = [
        window_cost.bytes_read(compile_tflite(tflite, vectors=0, window=window).cvl, window)
        for window in (4096, 16384, 24576)
    ]
    constants = sum(bytes_in_window(compile_tflite(tflite, window=4096).program))
    assert list(row[1:]) == [f"{number:,}" for number in (constants, *reads)]
