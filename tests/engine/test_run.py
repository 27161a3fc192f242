import convlet
import pytest
from chain import Chain, padded_chain
from convlet._engine import ffi, lib
from convlet.compile import compile_tflite
from convlet.schedule import simulate
from operator_models import images_of

COMPILED = compile_tflite(padded_chain().build())
IMAGES = images_of((9, 7, 3), seed=3)


def test_runs_do_not_depend_on_the_runs_before():
    fresh = [list(convlet.Model(COMPILED.cvl).run(image)) for image in IMAGES]
    model = convlet.Model(COMPILED.cvl)
    for _ in range(3):
        assert [list(model.run(image)) for image in IMAGES] == fresh


def test_what_the_arena_held_does_not_matter():
    expected = list(convlet.Model(COMPILED.cvl).run(IMAGES[0]))
    arena = bytearray(b"\xa5" * COMPILED.plan.arena_bytes)
    assert list(convlet.Model(COMPILED.cvl, arena=arena).run(IMAGES[0])) == expected


def test_nothing_behind_the_arena_is_touched():
    arena = bytearray(b"\xa5" * (COMPILED.plan.arena_bytes + 64))
    model = convlet.Model(COMPILED.cvl, arena=arena)
    model.run(IMAGES[0])
    assert arena[COMPILED.plan.arena_bytes :] == b"\xa5" * 64


@pytest.mark.parametrize(
    "chain",
    [padded_chain(), Chain((30, 4, 2)).conv(3, (5, 3), (2, 1)).max_pool((3, 2), (2, 2)).conv(2, (2, 1))],
)
def test_rows_are_made_in_the_order_that_the_planner_simulates(chain):
    compiled = compile_tflite(chain.build())
    events = simulate(compiled.program, compiled.plan.goals)
    assert steps_of(compiled) == [(event.node, event.row) for event in events if event.made]


def steps_of(compiled):
    """(operator, row) of each step of the engine, from the states at the arena's begin."""
    file, arena = ffi.new("uint8_t[]", compiled.cvl), ffi.new("uint32_t[]", compiled.plan.arena_bytes)
    model, fault, image = ffi.new("cvl_model_t *"), ffi.new("cvl_fault_t *"), ffi.new("cvl_input_t *")
    image.element = lib.CVL_SEEDED
    assert lib.cvl_load(model, file, len(compiled.cvl), fault) == lib.CVL_OK
    assert lib.cvl_attach(model, arena, ffi.sizeof(arena), fault) == lib.CVL_OK
    lib.cvl_start(model, image)
    states = ffi.cast("cvl_state_t *", arena)
    rows, made = [0] * model.header.operator_count, []
    while lib.cvl_step(model) == lib.CVL_MORE:
        now = [states[index].next_row for index in range(len(rows))]
        made += [(index, rows[index]) for index in range(len(rows)) if now[index] != rows[index]]
        rows = now
    return made
