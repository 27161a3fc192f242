"""Runs harness.c: good and damaged files under the address and undefined behaviour sanitizers."""

import subprocess
from pathlib import Path

import pytest
from chain import Chain
from convlet.compile import compile_tflite
from convlet.cvl_file import read_cvl
from convlet.engine_build import ENGINE, engine_sources
from convlet.format import CHOOSABLE, FEATURES, OPERATOR, WIDE_SHORT, WIDE_TILE
from cvl_edit import edited
from fuzzing import FLAGS
from golden import FOLDER
from several_ports import several_ports

MOST_SECONDS = 300  # of a processor, however many share it
DAMAGED = 30000  # of each golden file, besides those with one byte changed
GOLDEN = sorted(FOLDER.glob("*.cvl"))
SMALL = [FOLDER / "digits_like.cvl", FOLDER / "padded.cvl"]
QUICKLY = ("-fno-sanitize=all", "-O0")  # for what has no damage


def build(folder, *flags):
    program = folder / "harness"
    sources = [Path(__file__).with_name(name) for name in ("harness.c", "trial.c")]
    command = ["gcc", *FLAGS, *flags, f"-I{ENGINE}", "-o", program, *sources, *engine_sources()]
    subprocess.run(command, check=True)
    return program


# Also with the arithmetic of a Cortex-M0+, which has no product of 64 bits.
@pytest.fixture(scope="module", params=[[], ["-D__ARM_ARCH_6M__"]], ids=["wide", "narrow"])
def harness(tmp_path_factory, request):
    return build(tmp_path_factory.mktemp("harness"), *request.param)


def test_operators_that_a_build_leaves_out_are_refused(tmp_path):
    """Only convolutions and pools: the dense layer behind them is missing."""
    program = build(tmp_path, "-DCVL_ONLY", "-DCVL_WITH_CONV_2D=1", "-DCVL_WITH_MAX_POOL_2D=1")
    assert run(program, FOLDER / "digits_like.cvl") == [4, 0, 0]
    assert run(build(tmp_path), FOLDER / "digits_like.cvl") == [0, 4, 4]


@pytest.fixture(scope="module")
def featured(tmp_path_factory):
    """Files that need every feature among them."""
    wide = compile_tflite(Chain((6, 40, 1)).conv(3, padding="SAME").build(), prefer="speed").cvl
    plain = compile_tflite(Chain((5, 6, 2)).conv(3, (1, 1)).build(), prefer="plain").cvl
    cvls = {
        "dilated": edited(plain, OPERATOR, 1, dilation_h=2),
        "in_place": compile_tflite(Chain((5, 6, 2)).conv(3).build(), int8_input=True).cvl,
        "long": edited(wide, OPERATOR, 1, parameter=0),
        "ports": compile_tflite(several_ports()).cvl,
        "tiles": edited(wide, OPERATOR, 1, parameter=WIDE_SHORT + 8 * WIDE_TILE),
    }
    folder = tmp_path_factory.mktemp("featured")
    for name, cvl in cvls.items():
        (folder / f"{name}.cvl").write_bytes(cvl)
    return [*GOLDEN, *sorted(folder.iterdir())]


@pytest.mark.parametrize("feature", FEATURES)
def test_features_that_a_build_leaves_out_are_refused(tmp_path, featured, feature):
    """A file is refused just when `kernels` says that it needs the feature; all others run as ever."""
    others = ["-DCVL_ONLY", *(f"-DCVL_WITH_{name}" for name in CHOOSABLE if name != feature)]
    program = build(tmp_path, *QUICKLY, *others)
    need = sum(feature in read_cvl(path.read_bytes()).kernels for path in featured)
    not_need = len(featured) - need
    assert need > 0 and run(program, *featured) == [4 * need, 4 * not_need, 4 * not_need]


def test_files_that_do_not_begin_aligned_are_refused_where_they_are_left_out(tmp_path):
    chosen = ["-DCVL_ONLY", *(f"-DCVL_WITH_{name}" for name in CHOOSABLE if name != "UNALIGNED_FILES")]
    count = len(GOLDEN)
    assert run(build(tmp_path, *QUICKLY, *chosen), *GOLDEN) == [3 * count, count, count]


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_damaged_files_never_leave_the_buffers_of_a_small_build(tmp_path, path):
    """Of the build for one model alone, which takes aligned files."""
    needed = [f"-DCVL_WITH_{name}" for name in read_cvl(path.read_bytes()).kernels]
    program = build(tmp_path, "-DCVL_ONLY", *needed)
    assert run(program, path) == [3, 1, 1]
    refused, ran, _ = run(program, "-m", str(DAMAGED // 10), path)
    assert refused > DAMAGED // 40 and ran > 0


def run(harness, *arguments):
    """How many were refused, ran, and passed their selftest."""
    return run_all(harness, *arguments)[:3]


def run_all(harness, *arguments):
    """The same, and how many ran through a window, and passed their selftest there."""
    limited = ["prlimit", f"--cpu={MOST_SECONDS}", harness, *arguments]
    done = subprocess.run(limited, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [int(count) for count in done.stdout.split()]


def test_good_files_run_at_every_alignment(harness):
    assert run(harness, *GOLDEN) == [0, 4 * len(GOLDEN), 4 * len(GOLDEN)]


def test_good_files_run_through_a_window(harness):
    """At least where it has the size of the file; in smaller ones all that fit."""
    *_, streamed, passed = run_all(harness, *GOLDEN)
    assert passed == streamed > len(GOLDEN)


def test_damaged_files_never_leave_their_buffers(harness):
    """Nor do they through a window whose stream fails and changes, which runs nothing that is refused without it."""
    refused, ran, _, streamed, _ = run_all(harness, "-m", str(DAMAGED), *GOLDEN)
    # All must be many, else the damage is too coarse or too fine to show anything.
    assert refused > DAMAGED // 4 and ran > DAMAGED // 4 and streamed > DAMAGED // 8


def test_foreign_files_are_refused(harness, tmp_path):
    for name, content in (("empty", b""), ("short", b"CVL1"), ("text", b"no model" * 100)):
        (tmp_path / name).write_bytes(content)
    assert run(harness, *sorted(tmp_path.iterdir())) == [12, 0, 0]
