"""pairs.h on each processor of the bench: what is written for one gives what the portable code gives."""

import subprocess
from pathlib import Path

import pytest
from convlet import bench, bench_build
from convlet.engine_build import ENGINE

PORTABLE = ("-DCVL_HAS_ARMV6M=0", "-Dcvl_make_pairs=portable_make_pairs")


def printed_by(core, folder, *flags):
    """What pairs_check.c prints on the processor."""
    engine = bench_build.build(core)
    compiler = [f"{core.tools}gcc", *core.flags, "-O2", f"-I{ENGINE}", f"-I{bench_build.HARNESS}", *flags]
    portable, check = folder / "portable.o", Path(__file__).with_name("pairs_check.c")
    subprocess.run([*compiler, *PORTABLE, "-c", ENGINE / "pairs.c", "-o", portable], check=True)
    without_main = [path for path in engine.objects if path.name not in ("bench.o", "profile.o")]
    places = f"-Wl,--defsym=BENCH_CODE={core.code_address},--defsym=BENCH_RAM={core.ram_address}"
    script = f"-T{bench_build.HARNESS / 'bench.ld'}"
    files = [check, portable, *without_main, *core.libraries]
    command = [*compiler, "-nostartfiles", "-Wl,--gc-sections", script, places, *files]
    subprocess.run([*command, "-o", folder / "check.elf"], check=True)
    return [int(line) for line in bench.emulate(core, folder / "check.elf").split()]


@pytest.mark.parametrize("name", ["m0plus", "m4", "rv32imc"])
def test_all_lengths_and_extremes_are_equal(name, tmp_path):
    assert printed_by(bench_build.CORES[name], tmp_path) == [21 * 200, 0]
