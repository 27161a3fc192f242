from chain import Chain, digits_chain
from convlet.passes import drop_unread, elide_reshapes, simplify
from convlet.tflite_reader import read_tflite


def kinds_after(chain, change=simplify):
    graph = read_tflite(chain.build())
    change(graph)
    return graph, [operator.kind for operator in graph.operators]


def test_a_reshape_before_a_dense_layer_vanishes():
    graph, kinds = kinds_after(digits_chain())
    assert kinds == ["CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED"]
    assert graph.operators[2].inputs[0] is graph.operators[1].output


def test_a_reshape_of_the_input_changes_the_input():
    graph, kinds = kinds_after(Chain((1, 1, 36)).reshape(6, 6, 1).conv(2), elide_reshapes)
    assert kinds == ["CONV_2D"] and graph.inputs[0].shape == (6, 6, 1)
    assert graph.operators[0].inputs[0] is graph.inputs[0]


def test_a_reshape_of_the_output_vanishes():
    graph, kinds = kinds_after(Chain((6, 6, 1)).conv(2).reshape(32))
    assert kinds == ["CONV_2D"] and graph.outputs == [graph.operators[0].output]


def test_a_reshape_into_the_same_rows_vanishes():
    assert kinds_after(Chain((6, 6, 1)).conv(2).reshape(4, 4, 2).conv(2))[1] == ["CONV_2D", "CONV_2D"]


def test_a_reshape_into_other_rows_stays():
    assert kinds_after(Chain((6, 6, 1)).conv(2).reshape(8, 2, 2).conv(2, (1, 1)))[1][1] == "RESHAPE"


def test_a_reshape_stays_before_a_window_over_all_its_rows():
    assert kinds_after(Chain((6, 6, 1)).conv(2).reshape(8, 2, 2).conv(2, (8, 2)))[1][1] == "RESHAPE"


def test_what_nobody_reads_is_dropped():
    chain = Chain((6, 6, 1)).conv(2)
    kept = chain.tensor
    chain.conv(3).max_pool()
    chain.tensor = kept
    assert kinds_after(chain, drop_unread)[1] == ["CONV_2D"]
