from dataclasses import replace

import pytest
from chain import Chain, digits_chain
from convlet.compile import compile_tflite
from convlet.cuts import best_goals, segment_peak
from convlet.explain import FAST_KINDS
from convlet.format import STATE
from convlet.passes import simplify
from convlet.program import lower
from convlet.tflite_reader import read_tflite
from convlet.variants import PREFERENCES, choose_variants
from exactness import assert_exact


def arena(chain, prefer):
    return compile_tflite(chain.build(), prefer=prefer).plan.arena_bytes


def lowered(chain):
    graph = read_tflite(chain.build())
    simplify(graph)
    return lower(graph)


def peak(program):
    """Bytes in use together, with those of the engine."""
    most, _ = best_goals(program, lambda begin, end: segment_peak(program, begin, end))
    return most + STATE.size * len(program.nodes)


def bytes_in_use(chain, prefer):
    return peak(choose_variants(lowered(chain), prefer))


def accumulating(chain, prefer):
    return [node.kind for node in choose_variants(lowered(chain), prefer).nodes if node.accumulates]


def test_each_preference_keeps_its_promise():
    for chain in (digits_chain(), Chain((24, 24, 3)).conv(8).max_pool().conv(16).max_pool().dense(10)):
        sizes = {prefer: arena(chain, prefer) for prefer in PREFERENCES}
        assert sizes["ram"] <= sizes["balance"] and sizes["ram"] <= sizes["speed"]
        # What is in use together is what counts; the packer may need a few bytes more.
        in_use = {prefer: bytes_in_use(chain, prefer) for prefer in ("ram", "balance", "flash")}
        assert max(in_use["balance"], in_use["flash"]) <= 1.5 * in_use["ram"]
        assert sizes["balance"] <= 1.6 * sizes["ram"]


def test_all_forms_that_fit_are_taken():
    """Were any other node in its fastest form, the arena would be too large."""
    for chain in (digits_chain(), Chain((24, 24, 3)).conv(8).max_pool().conv(16).max_pool().dense(10)):
        program = lowered(chain)
        chosen = choose_variants(program, "balance").nodes
        most = 1.5 * bytes_in_use(chain, "ram")
        slow = [
            i for i, node in enumerate(program.nodes) if node.faster and not chosen[i].kind.endswith("WIDE")
        ]
        for index in slow:
            for form in program.nodes[index].faster:
                trial = [*chosen[:index], form, *chosen[index + 1 :]]
                assert peak(replace(program, nodes=trial)) > most
        assert any(node.kind == "CONV_2D_WIDE" for node in chosen)


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
    fast = [kind for kind in kinds(chain, "speed") if kind in FAST_KINDS]
    assert fast == ["CONV_2D_MAX_POOL", "CONV_2D_WIDE", "CONV_2D_WIDE"]
    assert kinds(chain, "balance").count("CONV_2D_WIDE") >= 1


def test_for_flash_no_weights_take_two_bytes():
    """The dense layer has most of the weights; the convolutions have many channels, and keep bytes when widened."""
    chain = Chain((16, 16, 8)).conv(16, (1, 1)).conv(16, (3, 3), (2, 2)).dense(10)
    compiled = {prefer: compile_tflite(chain.build(), prefer=prefer) for prefer in ("speed", "flash", "ram")}
    kinds = {prefer: [node.kind for node in made.program.nodes] for prefer, made in compiled.items()}
    assert kinds["flash"][1] == "CONV_2D_WIDE" and kinds["flash"][-1] == "FULLY_CONNECTED"
    assert kinds["speed"][-1] == "CONV_2D_WIDE" and "CONV_2D_WIDE" not in kinds["ram"]
    sizes = {prefer: len(made.cvl) for prefer, made in compiled.items()}
    assert sizes["flash"] < 1.2 * sizes["ram"] < sizes["speed"]
