import re
from dataclasses import replace
from pathlib import Path

import pytest
from chain import Chain, digits_chain, stream_chain
from convlet import fits
from convlet.bench import Measurement
from convlet.boards import BOARDS, Storage, find
from convlet.compile import compile_tflite
from convlet.errors import ToolError
from convlet.fits import COUNTED_ON, CYCLES, Needs, fit, needs_of, read_model, weights_of

NEEDS = Needs(10_000, 2_000, 5_000, "1 CONV_2D", "2 FULLY_CONNECTED", 8_000, 50_000)


@pytest.fixture(scope="module")
def digits_tflite():
    return digits_chain().build()


def board(flash=20_000, heap=20_000):
    return replace(find("pico"), storage=Storage(0, flash), heap_bytes=heap)


def test_needs_are_those_of_the_plan(digits_tflite):
    compiled = compile_tflite(digits_tflite, prefer="ram")
    needs = needs_of(compiled)
    assert (needs.file_bytes, needs.arena_bytes) == (len(compiled.cvl), 168)
    assert needs.peak_operator == "1 CONV_2D"
    # 720 weights, and a bias, a multiplier and a shift for each of 10 channels
    assert (needs.largest_weights, needs.largest_weights_bytes) == ("3 FULLY_CONNECTED", 720 + 90)


def test_a_cvl_file_needs_the_same(digits_tflite):
    compiled = compile_tflite(digits_tflite)
    read = read_model(compiled.cvl, True, "balance")
    assert needs_of(read) == replace(needs_of(compiled), largest_weights_bytes=weights_of(read)[2])
    # Pieces of a file begin at multiples of four.
    pairs = zip(weights_of(read), weights_of(compiled), strict=True)
    assert all(0 <= of_file - exact < 8 for of_file, exact in pairs)


@pytest.mark.parametrize(
    ("flash", "heap", "flash_short", "ram_short", "in_flash"),
    [
        (10_000, 12_000, 0, 0, False),
        (10_000, 11_999, 0, 0, True),
        (10_000, 2_000, 0, 0, True),
        (10_000, 1_999, 0, 1, False),
        (9_999, 12_000, 1, 0, False),
        (9_000, 1_000, 1_000, 1_000, False),
    ],
)
def test_what_is_missing(flash, heap, flash_short, ram_short, in_flash):
    found = fit(NEEDS, board(flash, heap))
    assert (found.flash_short, found.ram_short) == (flash_short, ram_short)
    assert found.fits == (not flash_short and not ram_short)
    assert found.must_stay_in_flash == in_flash


@pytest.mark.parametrize(
    ("rom", "heap", "ram_short"),
    [
        (10_000, 2_000, 0),
        (10_000, 1_999, 1),
        (9_999, 7_000, 0),
        (9_999, 6_999, 1),
        (0, 7_000, 0),
        (0, 2_000, 5_000),
    ],
)
def test_only_a_rom_that_holds_the_file_needs_no_window(rom, heap, ram_short):
    found = fit(NEEDS, replace(board(heap=heap), rom_bytes=rom))
    assert (found.has_rom, found.ram_short) == (rom == 10_000, ram_short)
    assert found.must_stay_in_flash == found.fits == (ram_short == 0)


def test_stock_firmware_has_no_rom():
    in_rom = {name for name, each in BOARDS.items() if fit(NEEDS, each).has_rom}
    assert in_rom == {"pico", "pico2"}


def test_time_is_instructions_over_the_clock():
    measured = Measurement("m", "m0plus", 1_250_000, 0, 0, 0, 0, 0, 0, 0, ())
    time = fit(NEEDS, replace(find("pico"), clock_mhz=125), measured).time
    cycles = CYCLES["m0plus"]
    assert (time.least_ms, time.most_ms) == pytest.approx((10 * cycles.least, 10 * cycles.most))


def test_an_rp2040_may_wait_for_its_flash():
    """56 cycles for each line of 8 bytes, at 125 MHz; of the others it is not known."""
    measured = Measurement("m", "m0plus", 1_250_000, 0, 0, 0, 0, 0, 0, 0, ())
    assert fit(NEEDS, find("pico"), measured).time.flash_ms == pytest.approx(50_000 / 8 * 56 / 125_000)
    assert fit(NEEDS, find("pico2"), replace(measured, core="m33")).time.flash_ms == 0


def test_few_constants_stay_in_the_cache_of_the_flash(digits_tflite):
    assert needs_of(compile_tflite(digits_tflite)).flash_reads == 0
    large = compile_tflite(Chain((6, 6, 32)).conv(32).dense(2).build(), prefer="ram")
    assert needs_of(large).flash_reads == 4 * weights_of(large)[1] + weights_of(large)[2] > 36_000


def test_every_board_has_what_is_compared():
    chips = [each for each in BOARDS.values() if each.chip]
    assert len(chips) >= 8
    for each in chips:
        assert each.heap_bytes and each.flash_bytes and each.clock_mhz, each.name
        assert COUNTED_ON[each.core] in CYCLES


def test_cycles_are_what_the_pico_takes():
    """What the README has measured of the digits, cycles in the Pico's emulator and instructions in QEMU."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    patterns = r"One inference on the Pico: ([\d,]+) cycles", r"\n\| digits \| 244 \| ([\d,]+) \| 79,310 "
    cycles, instructions = (int(re.search(text, readme)[1].replace(",", "")) for text in patterns)
    assert CYCLES["m0plus"].least <= cycles / instructions <= CYCLES["m0plus"].most


def test_a_missing_compiler_leaves_the_rest(digits_tflite, monkeypatch):
    def missing(core):
        raise ToolError("cannot compile the engine: the program gcc is not installed\nmore")

    monkeypatch.setattr(fits.bench_build, "build", missing)
    compiled = compile_tflite(digits_tflite)
    found, reasons = fits.measure("digits", compiled, ["m0plus", "m0plus", "another"])
    assert found == {}
    assert reasons == {
        "m0plus": "cannot compile the engine: the program gcc is not installed",
        "another": "there is no emulator for it that counts",
    }


def test_the_time_of_a_stream_is_that_of_a_step():
    tflite = stream_chain(16).build()
    whole, stream = compile_tflite(tflite), compile_tflite(tflite, stream=True)
    found = {
        name: fits.measure(name, compiled, ["m0plus"])[0]["m0plus"]
        for name, compiled in (("whole", whole), ("stream", stream))
    }
    step = found["stream"]
    assert step.macs == stream.program.macs == sum(kernel.macs for kernel in step.kernels)
    assert step.instructions == step.schedule + sum(kernel.instructions for kernel in step.kernels)
    assert 10 < found["whole"].instructions / step.instructions < 22  # it has 16 steps
    assert fit(needs_of(stream), find("pico"), step).time.instructions == step.instructions


def test_a_cvl_file_is_measured_like_its_tflite():
    tflite = Chain((4, 4, 1)).conv(2).dense(2).build()
    compiled = compile_tflite(tflite)
    of_file = read_model(compiled.cvl, True, "balance")
    counts = [fits.measure("m", each, ["m0plus"])[0]["m0plus"].instructions for each in (compiled, of_file)]
    assert counts[0] == counts[1] > 100
