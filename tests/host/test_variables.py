from pathlib import Path

import convlet
import numpy as np
import pymicro_wakeword
import pytest
from convlet.compile import compile_tflite
from convlet.errors import ModelError
from convlet.graph import Graph, Operator, Tensor
from convlet.variables import Variable, replace_variables
from streams import assert_long_streams
from tflite_micro import runtime

MODELS = sorted((Path(pymicro_wakeword.__file__).parent / "models").glob("*.tflite"))
FRAMES = 1000


def features(seed, count, size):
    """int8 [count, size]: what moves on like a spectrum, and jumps now and then."""
    rng = np.random.default_rng(seed)
    frame, frames = rng.uniform(-128, 127, size), []
    for n in range(count):
        frame = (
            np.clip(frame + rng.normal(0, 25, size), -128, 127) if n % 300 else rng.uniform(-128, 127, size)
        )
        frames.append(frame)
    return np.array(frames).astype(np.int8)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_wake_words_are_exact_frame_by_frame(path):
    tflite = path.read_bytes()
    compiled = compile_tflite(tflite)
    model = convlet.Model(compiled.cvl)
    model.selftest()
    interpreter = runtime.Interpreter.from_bytes(tflite, arena_size=1 << 18)
    rows, _, size = model.input_shape
    heard = set()
    for frames in features(1, rows * FRAMES, size).reshape(FRAMES, rows, size):
        interpreter.set_input(frames[np.newaxis], 0)
        interpreter.invoke()
        expected = interpreter.get_output(0).ravel().astype(int) - 128  # its last operator makes uint8
        assert list(model.step(frames)) == list(expected)
        heard |= set(expected)
    assert len(heard) > 1
    model.reset()
    assert_long_streams(compiled, model)


def test_the_arena_of_wake_words():
    """Where their makers give TFLM 22,348, 22,860, 23,628 and 37,000 bytes."""
    arenas = {
        path.stem: [
            compile_tflite(path.read_bytes(), vectors=0, prefer=prefer).plan.arena_bytes
            for prefer in ("balance", "ram")
        ]
        for path in MODELS
    }
    assert arenas == {
        "alexa": [4741, 3665],
        "hey_jarvis": [3940, 3455],
        "hey_mycroft": [6102, 4305],
        "okay_nabu": [5354, 4058],
    }


def graph_with_a_variable(initial=0, kept=2, axis=1, slice_begin=-2, joined_first=True):
    """A variable of `kept` steps of 3 values each, joined with one new step, which is kept again."""

    def tensor(name, *shape, data=None):
        return Tensor(name, shape, np.ones(1, np.float32), 0, data)

    def integers(*values):
        return tensor("", len(values), data=np.array(values, np.int32))

    source, read = tensor("x", 1, 1, 3), tensor("s", kept, 1, 3)
    both, last = tensor("y", kept + 1, 1, 3), tensor("t", kept, 1, 3)
    inputs = [read, source] if joined_first else [source, read]
    join = Operator("CONCATENATION", 0, inputs, both, {"axis": axis, "activation": "NONE"})
    masks = dict.fromkeys(("ellipsis_mask", "new_axis_mask", "offset", "shrink_axis_mask"), 0)
    cut = [integers(0, slice_begin, 0, 0), integers(1, slice_begin + kept or 9, 1, 3), integers(1, 1, 1, 1)]
    keep = Operator("STRIDED_SLICE", 1, [both, *cut], last, {**masks, "begin_mask": 0, "end_mask": 0})
    graph = Graph([source], [both], [join, keep])
    return graph, Variable("v", read, last, np.full((1, kept, 1, 3), initial, np.int8))


def test_a_variable_becomes_padding():
    graph, variable = graph_with_a_variable()
    replace_variables(graph, [variable])
    pad = graph.operators[0]
    assert pad.kind == "PAD" and pad.inputs[0] is graph.inputs[0] and pad.output is graph.outputs[0]
    assert pad.inputs[1].constant.tolist() == [[0, 0], [2, 0], [0, 0], [0, 0]]


def change(variable, **fields):
    for name, value in fields.items():
        setattr(variable, name, value)
    return variable


@pytest.mark.parametrize(
    ("settings", "fields", "reason"),
    [
        ({"initial": 1}, {}, "does not begin with zeros"),
        (
            {"slice_begin": -3},
            {},
            r"is assigned what operator 1 \(STRIDED_SLICE\) takes, expected the last 2 steps",
        ),
        (
            {"joined_first": False},
            {},
            r"is read by operator 0 \(CONCATENATION\), expected one CONCATENATION with",
        ),
        ({"axis": 3}, {}, r"is joined by operator 0 .* expected one, along time"),
        ({}, {"read": None}, "is not both read and assigned"),
        ({}, {"assigned": None}, "is not both read and assigned"),
        ({}, {"initial": None}, "does not begin with zeros"),
    ],
)
def test_what_is_no_row_of_steps_is_refused(settings, fields, reason):
    graph, variable = graph_with_a_variable(**settings)
    with pytest.raises(
        ModelError, match=f"^the variable 'v' {reason}.*; only variables that hold the last steps"
    ):
        replace_variables(graph, [change(variable, **fields)])
