from chain import Chain
from convlet.graph import Change
from convlet.passes import READING, SIMPLIFYING, apply, simplify
from convlet.tflite_reader import read_tflite


def test_passes_note_what_they_did():
    graph = read_tflite(Chain((6, 6, 1)).pad((1, 0)).conv(2).reshape(10, 4).build())
    simplify(graph)
    titles = [title for title, _ in (*READING, *SIMPLIFYING)]
    assert [change.title for change in graph.changes][-len(titles) :] == titles
    assert [change for change in graph.changes if change.details] == [
        Change("reshapes elided", ["operator 2 (RESHAPE)"]),
        Change("pads folded into convolutions", ["operator 0 (PAD) into operator 1 (CONV_2D)"]),
    ]


def test_a_second_time_there_is_nothing_to_do():
    graph = read_tflite(Chain((6, 6, 1)).pad((1, 0)).conv(2).function("RELU").max_pool().dense(3).build())
    simplify(graph)
    done = len(graph.changes)
    apply(SIMPLIFYING, graph)
    assert not any(change.details for change in graph.changes[done:])
