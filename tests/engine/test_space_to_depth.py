import pytest
from chain import Chain
from convlet.compile import compile_tflite
from exactness import assert_exact


@pytest.mark.parametrize("block", [1, 2, 3, 6])
def test_blocks_are_exact(block):
    assert_exact(Chain((12, 18, 5)).space_to_depth(block).conv(3, (1, 1)).build(), (12, 18, 5), seed=1)


def test_as_many_rows_as_a_block_has_are_kept():
    compiled = compile_tflite(Chain((12, 12, 3)).space_to_depth(4).conv(3, (1, 1)).build())
    assert compiled.program.nodes[1].kind == "SPACE_TO_DEPTH" and compiled.plan.ring_rows[0] == 4


def test_the_maker_may_be_windows_too():
    chain = Chain((12, 12, 3)).conv(4, (3, 3), padding="SAME").space_to_depth(2).conv(3, (2, 2))
    assert_exact(chain.build(), (12, 12, 3), seed=2)
