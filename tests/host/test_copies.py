"""Weights in RAM: which operators copy theirs, and that the outputs stay the same."""

import re
from pathlib import Path

import convlet
import pytest
from bench_models import MLPERF
from chain import Chain, program_of, stream_chain
from convlet.compile import compile_tflite
from convlet.copies import bytes_from_flash, check_copies, with_copies
from convlet.errors import ModelError
from convlet.plan import plan
from convlet.vectors import seeded_image
from convlet.writer import constant_bytes
from exactness import assert_exact

# Of 12 rows, of 6 rows, and of one.
CHAIN = Chain((12, 12, 4)).conv(8, (1, 1)).conv(8, (1, 1), (2, 2)).dense(3)
TFLITE = CHAIN.build()
COMPILED = compile_tflite(TFLITE, prefer="speed")
FIRST, SECOND, DENSE = range(1, 4)
SIZES = [constant_bytes(node) for node in COMPILED.program.nodes]


def copied(most_bytes):
    nodes = with_copies(COMPILED.program, most_bytes).nodes
    return [index for index, node in enumerate(nodes) if node.copied_bytes]


def test_what_is_read_most_is_copied_first_and_what_is_read_once_is_not():
    assert copied(SIZES[FIRST] - 1) == []
    assert copied(SIZES[FIRST]) == [FIRST]
    assert copied(SIZES[FIRST] + SIZES[SECOND]) == [FIRST, SECOND]
    assert copied(1 << 20) == [FIRST, SECOND]


def test_what_comes_from_flash_is_counted():
    before = 12 * SIZES[FIRST] + 6 * SIZES[SECOND] + SIZES[DENSE]
    assert bytes_from_flash(COMPILED.program, SIZES) == before
    assert bytes_from_flash(with_copies(COMPILED.program, SIZES[FIRST]), SIZES) == before - 11 * SIZES[FIRST]


def test_the_arena_has_room_for_them_and_outputs_stay():
    compiled = compile_tflite(TFLITE, prefer="speed", weights_in_ram=10000)
    more = compiled.plan.arena_bytes - COMPILED.plan.arena_bytes
    assert 0 < more <= SIZES[FIRST] + SIZES[SECOND]
    assert_exact(TFLITE, (12, 12, 4), seed=1, prefer="speed", weights_in_ram=10000)


def test_a_stream_keeps_its_copies():
    """Longer than the engine counts: it forgets a period now and then."""
    stream, plain = (
        compile_tflite(stream_chain(16).build(), stream=True, prefer="speed", weights_in_ram=size)
        for size in (10000, 0)
    )
    assert any(node.copied_bytes for node in stream.program.nodes)
    sizes = [constant_bytes(node) for node in plain.program.nodes]
    assert bytes_from_flash(stream.program, sizes) < bytes_from_flash(plain.program, sizes)
    models = [convlet.Model(compiled.cvl) for compiled in (stream, plain)]
    for _ in range(2):
        for step in seeded_image(1, 100 * 6).reshape(100, 6):
            outputs = [model.step(step) for model in models]
            assert [output and list(output) for output in outputs[:1]] == [
                output and list(output) for output in outputs[1:]
            ]
        for model in models:
            model.reset()


def test_a_window_has_them_in_ram_already():
    with pytest.raises(ModelError, match="leave out --weights-in-ram"):
        compile_tflite(TFLITE, window=4096, weights_in_ram=1000)


def test_a_copy_that_lies_too_far_in_the_arena_is_refused():
    program = program_of(CHAIN)
    planned = plan(program)
    planned.copies[FIRST] = 4 * 0xFFFF + 4
    with pytest.raises(ModelError, match="the arena before a copy of weights has 262,144 bytes"):
        check_copies(planned)


@pytest.mark.skipif(not MLPERF.is_dir(), reason="the models are not beside this checkout")
def test_the_page_says_what_comes_from_flash():
    """docs/performance.md, of KWS: arena and bytes for no copies, some, and nearly all."""
    page = (Path(__file__).parents[2] / "docs" / "performance.md").read_text()
    begin = page.index("| KWS, 104 ms")
    rows = re.findall(
        r"^\|[^|]*\| ([\d,]*) ?\| ([\d,]+) \| ([\d,]+) \| [\d.]+ ms \|$", page[begin:], re.MULTILINE
    )[:3]
    tflite = (MLPERF / "kws_ref_model.tflite").read_bytes()
    for row in rows:
        in_ram, arena, read = (int(cell.replace(",", "") or 0) for cell in row)
        compiled = compile_tflite(tflite, weights_in_ram=in_ram)
        sizes = [constant_bytes(node) for node in compiled.program.nodes]
        assert (compiled.plan.arena_bytes, bytes_from_flash(compiled.program, sizes)) == (arena, read)
