"""What the engine executes for one inference is what it was, and right, on every processor of the bench."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache

import pytest
from bench_models import BASELINE, compiled_mlperf, mlperf_models, small_models
from chain import Chain
from convlet import bench, bench_build
from convlet.bench_trace import trace
from convlet.compile import compile_tflite
from convlet.cvl_file import read_cvl
from convlet.errors import ConvletError, ToolError, VerifyError
from convlet.format import OPERATOR, WIDE_TILE
from cvl_edit import edited, field

MOST_RISE = 0.02
MOST_COST_OF_ROWS = 0.03
ADVICE = "if it must be so, run scripts/generate_baseline.py"


@cache
def compiled_small(name):
    return compile_tflite(small_models()[name])


@pytest.fixture(scope="module")
def digits_like():
    return compiled_small("digits_like")


def measure(core, name, compiled):
    return bench.measure(bench_build.build(bench_build.CORES[core]), name, compiled)


def assert_no_rise(measured):
    before = bench.read_baseline(BASELINE)[measured.model][measured.core]
    rise = measured.instructions / before - 1
    assert rise <= MOST_RISE, f"{measured.model} on {measured.core}: {rise:+.1%}; {ADVICE}"


@pytest.mark.parametrize("core", bench_build.CORES)
@pytest.mark.parametrize("name", small_models())
def test_small_models_take_no_more_instructions(name, core):
    assert_no_rise(measure(core, name, compiled_small(name)))


@pytest.mark.skipif(not mlperf_models(), reason="the models are not beside this checkout")
@pytest.mark.parametrize("name", mlperf_models() or [""])
def test_real_models_take_no_more_instructions(name):
    compiled, _ = compiled_mlperf(name)
    for core in ("m0plus", "m4"):
        assert_no_rise(measure(core, name, compiled))


def test_two_runs_count_the_same(digits_like):
    """A loop of known length is counted in every run: `measure` raises ToolError when it is off by one."""
    assert measure("m0plus", "digits_like", digits_like) == measure("m0plus", "digits_like", digits_like)


def test_the_parts_are_the_whole(digits_like):
    measured = measure("m0plus", "digits_like", digits_like)
    kernels = sum(kernel.instructions for kernel in measured.kernels)
    assert measured.schedule > 0
    assert measured.instructions == kernels + measured.schedule
    assert [kernel.operator for kernel in measured.kernels][:2] == ["INPUT", "CONV_2D_MAX_POOL"]
    assert sum(kernel.macs for kernel in measured.kernels) == measured.macs == 3312
    assert measured.stack < 4096 and measured.load_stack < 4096
    assert measured.arena == digits_like.plan.arena_bytes


@pytest.mark.parametrize("core", ["m0plus", "m4", "rv32imc"])
def test_an_engine_for_one_model_gives_the_same(core, digits_like):
    """`measure` compares the outputs, and those of every operator in the selftest."""
    needed = read_cvl(digits_like.cvl).kernels
    small = bench.measure(bench_build.build(bench_build.CORES[core], needed), "digits_like", digits_like)
    whole = measure(core, "digits_like", digits_like)
    assert small.text < whole.text // 2 and small.arena == whole.arena


@pytest.mark.parametrize("core", bench_build.CORES)
def test_tiles_beside_the_image_read_nothing_of_it(core):
    """Where nothing was to be widened, assembly did not stop: no compiler makes such a file, but anybody may."""
    compiled = compile_tflite(Chain((4, 9, 4)).conv(3, (1, 1)).build(), vectors=0, prefer="speed")
    parameter = field(compiled.cvl, OPERATOR, 1, "parameter") + 3 * WIDE_TILE
    for pad_left in (2, 3, 6):
        cvl = edited(compiled.cvl, OPERATOR, 1, pad_left=pad_left, parameter=parameter)
        assert measure(core, "beside", replace(compiled, cvl=cvl)).instructions > 0


@pytest.mark.parametrize("name", ["digits_like", "separable_like"])
def test_rows_cost_little_more_than_layers(name):
    compiled = compiled_small(name)
    layers = bench.layer_by_layer(compiled)
    assert layers.plan.ring_rows[1:] == [node.shape[0] for node in compiled.program.nodes[1:]]
    rows, whole = measure("m0plus", name, compiled), measure("m0plus", name, layers)
    assert rows.arena <= whole.arena
    assert rows.instructions <= (1 + MOST_COST_OF_ROWS) * whole.instructions


@pytest.mark.parametrize("core", ["m0plus", "rv32imc", "xtensa", "xtensawin"])
def test_the_functions_are_the_whole(core, digits_like):
    counts = bench.functions_of(bench_build.build(bench_build.CORES[core]), digits_like)
    measured = measure(core, "digits_like", digits_like)
    assert {"cvl_conv2d_wide_row", "cvl_step_task", "cvl_start"} <= counts.keys()
    assert list(counts.values()) == sorted(counts.values(), reverse=True)
    assert abs(sum(counts.values()) - measured.instructions) <= 10  # those that read the counter


def test_an_emulator_that_logs_nothing_is_noticed():
    with pytest.raises(ToolError, match="true did not log what it executes from a to b"):
        trace(["true"], "a", "b")
    with pytest.raises(ToolError, match="the emulator no-such-emulator is not installed"):
        trace(["no-such-emulator"], "a", "b")


def test_wrong_outputs_are_noticed(digits_like, monkeypatch):
    monkeypatch.setattr(bench.Model, "run", lambda self, *images: memoryview(bytes(10)))
    with pytest.raises(VerifyError, match="does not give the outputs of digits_like"):
        measure("m0plus", "digits_like", digits_like)


def test_a_counter_that_is_off_is_noticed(digits_like, monkeypatch):
    monkeypatch.setattr(bench, "LOOP_INSTRUCTIONS", bench.LOOP_INSTRUCTIONS + 1)
    with pytest.raises(ToolError, match="cannot count"):
        measure("m0plus", "digits_like", digits_like)


def test_missing_emulator_is_named(digits_like, tmp_path):
    core = bench_build.CORES["m0plus"]
    engine = bench_build.build(core)
    without = replace(engine, core=replace(core, emulator=("no-such-emulator",)))
    with pytest.raises(ToolError, match="the emulator no-such-emulator is not installed"):
        bench.measure(without, "digits_like", digits_like)


def test_the_command_prints_writes_and_draws(tmp_path):
    model = tmp_path / "digits.tflite"
    model.write_bytes(small_models()["digits_like"])
    options = [
        "--core",
        "m0plus",
        "--profile",
        "--layers",
        "--functions",
        "--output",
        tmp_path / "all.json",
        "--chart",
        tmp_path / "all.png",
    ]
    command = [sys.executable, "-m", "convlet.cli", "bench", model, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (
        "between the kernels" in done.stdout
        and "By layers" in done.stdout
        and "cvl_step_task" in done.stdout
        and "79,310" in done.stdout
    )
    written = json.loads((tmp_path / "all.json").read_text())
    (measured,) = written
    assert f"{measured['instructions']:,}" in done.stdout
    assert sum(measured["functions"].values()) == pytest.approx(measured["instructions"], rel=0.01)
    assert measured["layer_by_layer"]["arena"] >= measured["arena"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == written
    assert (tmp_path / "all.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("text", ["{", "[1]", '{"digits": 7}', '{"digits": {"m4": null}}'])
def test_a_damaged_baseline_is_refused(tmp_path, text):
    (tmp_path / "baseline.json").write_text(text)
    with pytest.raises(ConvletError, match=r"baseline.json is no baseline in JSON but "):
        bench.read_baseline(tmp_path / "baseline.json")
