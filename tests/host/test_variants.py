import pytest
from chain import Chain, digits_chain
from convlet.compile import compile_tflite
from convlet.passes import simplify
from convlet.program import lower
from convlet.tflite_reader import read_tflite
from convlet.variants import PREFERENCES, choose_variants
from exactness import assert_exact


def arena(chain, prefer):
    return compile_tflite(chain.build(), prefer=prefer).plan.arena_bytes


def accumulating(chain, prefer):
    graph = read_tflite(chain.build())
    simplify(graph)
    return [node.kind for node in choose_variants(lower(graph), prefer).nodes if node.accumulates]


def test_each_preference_keeps_its_promise():
    for chain in (digits_chain(), Chain((24, 24, 3)).conv(8).max_pool().conv(16).max_pool().dense(10)):
        sizes = {prefer: arena(chain, prefer) for prefer in PREFERENCES}
        assert sizes["ram"] <= sizes["balance"] <= 1.5 * sizes["ram"]
        assert sizes["ram"] <= sizes["speed"]


def test_speed_keeps_the_plain_kernels():
    assert accumulating(digits_chain(), "speed") == []
    assert accumulating(digits_chain(), "ram") == ["MAX_POOL_2D", "FULLY_CONNECTED"]


@pytest.mark.parametrize("prefer", PREFERENCES)
def test_every_preference_is_exact(prefer):
    assert_exact(digits_chain().build(), (8, 8, 1), seed=3, prefer=prefer)


def kinds(chain, prefer):
    return [node.kind for node in compile_tflite(chain.build(), prefer=prefer).program.nodes]


def test_faster_kernels_cost_ram_that_the_preference_must_allow():
    chain = Chain((24, 24, 3)).conv(8).max_pool().conv(16).max_pool().dense(10)
    assert kinds(chain, "ram").count("CONV_2D_WIDE") == 0
    assert kinds(chain, "speed").count("CONV_2D_WIDE") == 3
    assert kinds(chain, "balance").count("CONV_2D_WIDE") >= 1
