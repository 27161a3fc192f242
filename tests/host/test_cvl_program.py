from dataclasses import replace

import pytest
from chain import Chain, digits_chain, moved_chain, padded_chain, reductions_chain, windows_chain
from convlet.compile import compile_tflite
from convlet.cvl_program import read_program
from convlet.errors import ModelError
from convlet.layout import layout_of
from convlet.writer import write_cvl
from exactness import with_variant


def placed_chain():
    chain = Chain((16, 16, 3)).conv(8, (3, 3), (2, 2), "SAME").conv(8, (3, 3), (1, 1), "SAME")
    return chain.conv(16, (3, 3), (2, 2), "SAME").conv(16, (3, 3), (1, 1), "SAME").max_pool().dense(5)


@pytest.mark.parametrize(
    ("prefer", "weights_in_ram"), [("ram", 0), ("balance", 0), ("speed", 0), ("speed", 2000)]
)
@pytest.mark.parametrize(
    "chain", [digits_chain, padded_chain, windows_chain, reductions_chain, moved_chain, placed_chain]
)
def test_a_file_has_the_plan_that_was_written(chain, prefer, weights_in_ram):
    compiled = compile_tflite(chain().build(), prefer=prefer, weights_in_ram=weights_in_ram)
    program, plan = read_program(compiled.cvl)
    assert plan == compiled.plan
    assert program.outputs == compiled.program.outputs
    assert [node.kind for node in program.nodes] == [node.kind for node in compiled.program.nodes]
    expected, found = layout_of(compiled.program, compiled.plan), layout_of(program, plan)
    assert (found.events, found.rows) == (expected.events, expected.rows)
    assert (found.rings, found.scratches) == (expected.rings, expected.scratches)
    assert found.copies == expected.copies and bool(found.copies) == any(plan.copies)


@pytest.mark.parametrize("options", [{"stream": True}, {"int8_input": True}])
def test_streams_and_inputs_that_the_caller_keeps(options):
    chain = Chain((1, 20, 3)).pad(width=(2, 0)).conv(4, (1, 3)).conv(5, (1, 2), (1, 2))
    compiled = compile_tflite(chain.build(), **options)
    program, plan = read_program(compiled.cvl)
    assert program.period == compiled.program.period
    assert [node.shape for node in program.nodes] == [node.shape for node in compiled.program.nodes]
    expected, found = layout_of(compiled.program, compiled.plan), layout_of(program, plan)
    assert (found.events, found.rows, found.rings) == (expected.events, expected.rows, expected.rings)


def test_a_damaged_file_is_refused():
    cvl = bytearray(compile_tflite(digits_chain().build()).cvl)
    cvl[-1] ^= 1
    with pytest.raises(ModelError, match="the file is damaged: checksum"):
        read_program(bytes(cvl))


def test_scratch_of_unknown_size_is_refused():
    compiled = with_variant(compile_tflite(digits_chain().build()), accumulate=False)
    scratches = [0, 64, 0, 0]
    cvl = write_cvl(compiled.program, replace(compiled.plan, scratches=scratches))
    with pytest.raises(
        ModelError, match=r"operator 1 \(CONV_2D\) has scratch of a size .* use the \.tflite file"
    ):
        read_program(cvl)
