from itertools import cycle

import convlet
import numpy as np
import pytest
from chain import Chain, padded_chain, stream_chain
from convlet._engine import ffi, lib
from convlet.compile import compile_tflite
from convlet.format import NO_OPERATOR, OPERATOR, STATE
from convlet.schedule import simulate
from convlet.variants import PREFERENCES
from convlet.verify import stream_outputs
from cvl_edit import edited
from exactness import with_variant
from operator_models import images_of
from several_ports import several_ports
from tflite_builder import Builder

COMPILED = compile_tflite(padded_chain().build())
STREAM = compile_tflite(stream_chain(16).build(), stream=True)
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


def test_an_input_reads_no_other_whatever_its_record_says():
    cvl = compile_tflite(several_ports()).cvl
    images = [bytes(range(first, first + 24)) for first in (0, 50, 100)]
    outputs = []
    for file in (cvl, edited(cvl, OPERATOR, 2, input_b=0)):
        model = convlet.Model(file)
        model.run(*images)
        outputs.append([bytes(output) for output in model.outputs])
    assert outputs[0] == outputs[1]


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


def test_a_row_that_would_begin_behind_its_step_is_no_endless_loop():
    """Only who writes to the arena makes one."""
    chain = Chain((16, 4, 4)).average_pool((4, 4), (4, 4))
    compiled = with_variant(compile_tflite(chain.build()), True)
    arena = bytearray(compiled.plan.arena_bytes)
    model = convlet.Model(compiled.cvl, arena)
    for _ in range(5):
        model.push(bytes(16))
    arena[STATE.size : 2 * STATE.size] = STATE.pack(next_row=1, step=0, slot=1, parent=NO_OPERATOR)
    model.push(bytes(16))


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


def pushed(model, image, sizes):
    """The outputs of an image whose rows come in pieces of these sizes, again and again."""
    outputs, at, sizes = [], 0, cycle(sizes)
    while at < len(image):
        rows = image[at : at + next(sizes)]
        at += len(rows)
        output = model.push(rows)
        outputs += [] if output is None else [list(output)]
    return outputs


@pytest.mark.parametrize("prefer", PREFERENCES)
@pytest.mark.parametrize("sizes", [[1], [2], [1, 3], [9]])
def test_pushed_rows_give_the_same_output(sizes, prefer):
    cvl = compile_tflite(padded_chain().build(), prefer=prefer).cvl
    model = convlet.Model(cvl)
    for image in IMAGES:
        assert pushed(model, image, sizes) == [list(convlet.Model(cvl).run(image))]


def test_rows_that_nobody_reads_are_taken_too():
    """A window that ends above the last rows: the image is done when those have come."""
    model = convlet.Model(compile_tflite(Chain((9, 4, 2)).conv(3, (2, 2), (5, 1)).build()).cvl)
    image = images_of((9, 4, 2), seed=1)[0]
    expected = list(model.run(image))
    for _ in range(2):
        assert [None if x is None else list(x) for x in map(model.push, np.split(image, 9))] == [None] * 8 + [
            expected
        ]


def test_all_types_of_values_are_pushed():
    model = convlet.Model(COMPILED.cvl)
    expected = [list(model.run(IMAGES[0]))]
    pixels = (IMAGES[0].astype(np.int16) + 128).astype(np.uint8)
    real = (IMAGES[0].astype(np.float32) - model.input_zero_point) * np.float32(model.input_scale)
    assert pushed(model, pixels, [2]) == pushed(model, real, [1, 4]) == expected


def test_a_run_or_a_reset_ends_what_was_pushed():
    model = convlet.Model(COMPILED.cvl)
    expected = list(model.run(IMAGES[0]))
    for interrupt in (lambda: model.run(IMAGES[1]), model.reset, model.selftest):
        assert model.push(IMAGES[1][:4]) is None
        interrupt()
        assert pushed(model, IMAGES[0], [2]) == [expected]


def test_results_of_what_was_pushed():
    model = convlet.Model(COMPILED.cvl)
    for ask in (model.classify, model.predict):
        with pytest.raises(
            ValueError, match=r"^there is no output yet: give an image, or push all its rows first$"
        ):
            ask()
    expected = model.classify(IMAGES[0]), model.predict(IMAGES[0])
    pushed(model, IMAGES[0], [3])
    assert (model.classify(), model.predict()) == expected
    assert model.classify(top=2)[0] == expected[0]
    model.push(IMAGES[0][:1])
    with pytest.raises(ValueError, match="no output yet"):
        model.classify()


def test_wrong_rows_are_refused():
    model = convlet.Model(COMPILED.cvl)
    model.push(IMAGES[0][:5])
    for rows, found in ((IMAGES[0][:5], 105), (IMAGES[0][0, :2], 6), (b"", 0)):
        with pytest.raises(ValueError, match=f"^got {found} values, expected 1 to 4 rows of 21$"):
            model.push(rows)
    with pytest.raises(ValueError, match="the image has values of type 'i'"):
        model.push(np.zeros(21, np.int32))
    assert list(model.push(IMAGES[0][5:])) == list(convlet.Model(COMPILED.cvl).run(IMAGES[0]))


def test_several_inputs_cannot_be_pushed():
    builder = Builder()
    inputs = [builder.tensor((1, 4, 4, 2), 0.1, 0) for _ in range(2)]
    made = builder.tensor((1, 4, 4, 2), 0.1, 0)
    builder.operator("ADD", inputs, made, "AddOptions")
    model = convlet.Model(compile_tflite(builder.build(inputs, [made])).cvl)
    with pytest.raises(ValueError, match=r"^the model has 2 inputs, only one can be pushed$"):
        model.push(bytes(8))
    model.reset()
    model.run(bytes(32), bytes(32))


def test_an_arena_that_was_written_to_gives_wrong_numbers_only():
    """The states at its begin say what is done next: whatever they hold, nothing leaves its buffers."""
    arena = bytearray(COMPILED.plan.arena_bytes)
    model = convlet.Model(COMPILED.cvl, arena=arena)
    rng = np.random.default_rng(0)
    for _ in range(300):
        model.push(IMAGES[0][: rng.integers(1, lib.cvl_wanted_rows(model._model) + 1)])
        arena[:] = rng.bytes(len(arena))
    model.reset()
    assert pushed(model, IMAGES[0], [1]) == [list(convlet.Model(COMPILED.cvl).run(IMAGES[0]))]


@pytest.mark.parametrize(
    "chain", [padded_chain(), Chain((6, 5, 2)).dense(4), Chain((6, 5, 2)).reduce("MEAN", [1, 2])]
)
def test_an_input_that_keeps_no_rows_is_read_where_it_lies(chain):
    kept, compiled = (compile_tflite(chain.build(), prefer="ram", int8_input=on) for on in (False, True))
    assert compiled.plan.arena_bytes < kept.plan.arena_bytes
    model = convlet.Model(compiled.cvl)
    model.selftest()  # no vectors: nothing to compare
    image = images_of(model.input_shape, seed=5)[0]
    assert list(model.run(image)) == list(convlet.Model(kept.cvl).run(image))
    text = "^the image has values of type 'B', but the model reads it where it lies: expected 'b'$"
    with pytest.raises(ValueError, match=text):
        model.run(image.astype(np.uint8))
    with pytest.raises(ValueError, match=r"^the model reads whole images where they lie: use run$"):
        model.push(image[:1])


def test_a_stream_takes_steps_only():
    model = convlet.Model(STREAM.cvl)
    assert model.input_shape == (1, 1, 6) and model.output_shape == (1, 1, 3)
    for ask in (model.run, model.predict, model.classify):
        with pytest.raises(
            ValueError, match=r"^the model is a stream, which takes one step after the other: use step$"
        ):
            ask(bytes(6))
    with pytest.raises(ValueError, match=r"^got 12 values, expected 1 to 1 rows of 6$"):
        model.step(bytes(12))
    assert model.step(bytes(6)) is not None
    assert len(model.predict()) == 3


def test_a_stream_that_is_reset_begins_anew():
    model = convlet.Model(STREAM.cvl)
    series = np.random.default_rng(4).integers(-128, 128, (50, 6)).astype(np.int8)
    first = stream_outputs(model, series)
    assert not np.array_equal(stream_outputs(model, series), first)
    for forget in (model.reset, model.selftest):
        forget()
        assert np.array_equal(stream_outputs(model, series), first)


def test_a_stream_that_makes_rows_without_its_input_comes_to_an_end():
    """A file whose windows lie so far above row 0 that more rows could be made than can be counted."""
    compiled = compile_tflite(
        Chain((40, 1, 2)).conv(4, (1, 1)).conv(4, (1, 1)).conv(4, (1, 1)).build(), stream=True, prefer="ram"
    )
    cvl = compiled.cvl
    for index in range(1, len(compiled.program.nodes)):
        cvl = edited(cvl, OPERATOR, index, pad_top=0x7FFF)
    model = convlet.Model(cvl)
    for _ in range(3):
        model.step(bytes(2))
