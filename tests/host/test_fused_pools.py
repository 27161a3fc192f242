"""Which max pools go into the convolution before them, and what the planner makes of it."""

import numpy as np
import pytest
from chain import Chain, digits_chain, program_of
from convlet.compile import compile_tflite
from convlet.format import WIDE_SHORT
from convlet.fused_pools import with_pools_fused
from convlet.ops.wide import pairs_of, words_of


def kinds(chain):
    return [node.kind for node in with_pools_fused(program_of(chain)).nodes]


def test_the_fused_node_has_the_window_of_four_windows():
    program = with_pools_fused(
        program_of(Chain((15, 41, 1)).conv(3, (3, 4), (2, 3), "SAME").max_pool().dense(2))
    )
    _, node, dense = program.nodes
    window = node.window
    assert (window.kernel_h, window.kernel_w, window.stride_h, window.stride_w) == (5, 7, 4, 6)
    assert node.shape == (4, 7, 3) and node.macs == 4 * 4 * 7 * 3 * 12
    assert dense.sources == (1,) and program.outputs == [2]
    assert all(form.sources == (1,) for form in dense.faster)


def test_weights_of_both_rows_alternate():
    program = program_of(Chain((6, 6, 1)).conv(2, (3, 1)).max_pool())
    weights = np.frombuffer(program.nodes[1].weights, np.int8).reshape(2, 3)
    upper, lower = np.pad(weights, ((0, 0), (0, 1))), np.pad(weights, ((0, 0), (1, 0)))
    both = np.stack([upper[0], lower[0], upper[1], lower[1]]).reshape(4, 4, 1, 1)
    node = with_pools_fused(program).nodes[1]
    assert node.weights == words_of(pairs_of(both)) and node.parameter == WIDE_SHORT
    assert node.table == program.nodes[1].faster[0].table


FUSED = "CONV_2D_MAX_POOL"


@pytest.mark.parametrize(
    "chain",
    [
        digits_chain(),
        Chain((7, 9, 1)).conv(3).max_pool(),  # a last row and column that no window of the pool covers
        Chain((8, 8, 1)).conv(3).max_pool(padding="SAME"),
        Chain((12, 12, 3)).conv(3).max_pool(),
        Chain((12, 12, 2)).conv(3, (5, 5)).max_pool(),
    ],
)
def test_pools_of_four_pixels_inside_the_image_are_fused(chain):
    assert kinds(chain)[1] == FUSED


@pytest.mark.parametrize(
    "chain",
    [
        Chain((7, 9, 1)).conv(3).max_pool(padding="SAME"),  # windows that end outside the image
        Chain((8, 8, 1)).conv(3).max_pool((3, 3)),
        Chain((8, 8, 1)).conv(3).max_pool(stride=(1, 1)),
        Chain((8, 8, 1)).conv(3).average_pool(),
        Chain((8, 8, 1)).max_pool(),
        Chain((8, 8, 4)).conv(3).max_pool(),  # its weights are bytes
        Chain((18, 18, 3)).conv(3, (5, 6)).max_pool(),  # more words than the engine takes
    ],
)
def test_other_pools_stay(chain):
    assert FUSED not in kinds(chain)


def test_a_convolution_that_is_read_elsewhere_stays():
    chain = Chain((8, 8, 1)).conv(3)
    conv = chain.tensor
    chain.max_pool()
    tflite = chain.builder.build([chain.input], [conv, chain.tensor])
    assert [node.kind for node in compile_tflite(tflite, prefer="speed").program.nodes].count(FUSED) == 0


@pytest.mark.parametrize(
    ("prefer", "fused"), [("speed", True), ("balance", True), ("ram", False), ("flash", False)]
)
def test_preferences_choose(prefer, fused):
    compiled = compile_tflite(digits_chain().build(), prefer=prefer)
    assert (FUSED in {node.kind for node in compiled.program.nodes}) == fused
    details = {change.title: change.details for change in compiled.explanation}
    assert bool(details["max pools made with the convolution before"]) == fused


def test_a_balanced_program_is_within_its_arena():
    smallest = compile_tflite(digits_chain().build(), prefer="ram").plan.arena_bytes
    assert compile_tflite(digits_chain().build()).plan.arena_bytes <= 1.5 * smallest
