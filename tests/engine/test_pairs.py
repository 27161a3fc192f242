"""The fast parts of the kernels on each processor of the bench give what plain loops and TFLM's rounding give."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from convlet import bench, bench_build
from convlet.engine_build import ENGINE
from convlet.format import NO_SHORT_SCALE, SCALE
from convlet.ops.requantization import Requantization
from convlet.ops.short_scale import Sums, all_are_short, scale_table
from convlet.quantization import quantize_multiplier

CHANNELS = 10
CASES = 22 * 30  # lengths of windows, and each some times
PARTS = {
    "words": CASES,
    "bytes": CASES,
    "any_words": CASES,
    "any_bytes": CASES,
    "singles": CASES,
    "single": CASES,
    "pooled": CASES,
    "any_pooled": CASES,
    "pooled_3x3": 400,
    "widen_words": 20 * 8,
    "widen_quads": 20 * 8,
    "widen_even": 500,
    "widen_two_rows": 500,
    "filter3": 1500,
    "average4": 500,
    "column": 500,
}
DSP_PARTS = {"fives": CASES}
DSP_CORES = ("m4", "m7", "m33")
CLAMPS = ((-128, 127), (-128, 127), (-128, 90), (-100, 127), (-3, 5))
ZERO_POINTS = (-128, 0, 77)


def layer(chance, zero_point, clamp, proved):
    """Scales of CHANNELS channels as the host makes them, `proved` ones or also such without a short form."""
    reals = 2.0 ** chance.uniform(-13, -5, CHANNELS)
    if not proved:
        reals[::3] = 2.0 ** chance.uniform(-31, -1, len(reals[::3]))
    multiplier, shift = np.array([quantize_multiplier(real) for real in reals]).T
    bias = chance.integers(-20000, 20001, CHANNELS)
    most = np.full(CHANNELS, 2**21)  # beyond 88 products of the check, and a bias
    table = scale_table(
        Requantization(np.zeros(CHANNELS), multiplier, shift, *clamp), Sums(bias, -most, most), zero_point
    )
    if not proved and all_are_short(table):
        records = [SCALE.unpack(table, at) for at in range(0, len(table), SCALE.size)]
        table = b"".join(
            SCALE.pack(**record | {"shift": NO_SHORT_SCALE if i % 3 == 1 else record["shift"]})
            for i, record in enumerate(records)
        )
    return table


def layers():
    """Their fields in C, for pairs_check.c: zero point, clamps, whether all are proved, scales."""
    chance = np.random.default_rng(1)
    made = []
    for zero_point in ZERO_POINTS:
        for clamp in CLAMPS:
            tables = (layer(chance, zero_point, clamp, True) for _ in range(50))
            short = next(table for table in tables if all_are_short(table))
            other = layer(chance, zero_point, clamp, False)
            made += [(zero_point, *clamp, 1, short), (zero_point, *clamp, 0, other)]
    return made


def c_table():
    """The text of scales_of_check.h."""
    lines = []
    for *numbers, table in layers():
        fields = [
            ", ".join(f".{name} = {value - (value == -(2**31))}" for name, value in record.items())
            for record in (SCALE.unpack(table, at) for at in range(0, len(table), SCALE.size))
        ]
        scales = ", ".join(f"{{{own}}}" for own in fields)
        lines.append(f"{{{', '.join(map(str, numbers))}, {{{scales}}}}},")
    declaration = (
        "int32_t zero_point, clamp_min, clamp_max; bool all_short; cvl_scale_t scales["
        f"{CHANNELS}]; }} layer_t;"
    )
    return (
        f"typedef struct {{ {declaration}\nstatic const layer_t layers[] = {{\n" + "\n".join(lines) + "\n};\n"
    )


def printed_by(core, folder):
    """What pairs_check.c prints on the processor: of each part how many cases were tried, and how many failed."""
    engine = bench_build.build(core)
    (folder / "scales_of_check.h").write_text(c_table())
    compiler = [f"{core.tools}gcc", *core.flags, "-O2", "-Wall", "-Werror"]
    includes = [f"-I{path}" for path in (ENGINE, bench_build.HARNESS, folder)]
    without_main = [path for path in engine.objects if path.name not in ("bench.o", "profile.o")]
    places = f"-Wl,--defsym=BENCH_CODE={core.code_address},--defsym=BENCH_RAM={core.ram_address}"
    script = f"-T{bench_build.HARNESS / 'bench.ld'}"
    files = [Path(__file__).with_name("pairs_check.c"), *without_main, *core.libraries]
    command = [*compiler, *includes, "-nostartfiles", "-Wl,--gc-sections", script, places, *files]
    subprocess.run([*command, "-o", folder / "check.elf"], check=True)
    lines = bench.emulate(core, folder / "check.elf").splitlines()
    return {name: (int(tried), int(failed)) for name, tried, failed in map(str.split, lines)}


@pytest.mark.parametrize("name", list(bench_build.CORES))
def test_all_lengths_alignments_and_extremes_are_equal(name, tmp_path):
    parts = PARTS | (DSP_PARTS if name in DSP_CORES else {})
    expected = {part: (cases, 0) for part, cases in parts.items()}
    assert printed_by(bench_build.CORES[name], tmp_path) == expected
