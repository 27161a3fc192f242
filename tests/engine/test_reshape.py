import numpy as np
import pytest
from chain import Chain
from convlet.compile import compile_tflite
from exactness import assert_exact


@pytest.mark.parametrize("shape", [(8, 3, 5), (1, 24, 5), (2, 2, 30), (1, 1, 120)])
def test_rows_cut_anew_are_exact(shape):
    tflite = Chain((6, 8, 3), seed=5).conv(5, (3, 3), padding="SAME").max_pool((1, 1), (1, 2)).reshape(*shape)
    tflite = tflite.conv(2, (1, 1)).build()
    assert "RESHAPE" in [node.kind for node in compile_tflite(tflite).program.nodes]
    assert_exact(tflite, (6, 8, 3), seed=1)


@pytest.mark.parametrize("shape", [(24, 1, 5), (12, 2, 5), (120, 1, 1), (6, 2, 10)])
def test_rows_that_are_pieces_of_rows_need_no_whole_input(shape):
    tflite = Chain((6, 8, 3), seed=5).conv(5, (3, 3), padding="SAME").max_pool((1, 1), (1, 2)).reshape(*shape)
    compiled = compile_tflite(tflite.conv(2, (1, 1)).build())
    copy = compiled.program.nodes[3]
    assert copy.kind == "COPY" and copy.window.kernel_h == 1
    assert_exact(tflite.build(), (6, 8, 3), seed=1)


def test_other_names_of_a_reshape_are_exact():
    """SQUEEZE to a table without a batch, EXPAND_DIMS of that, and RESHAPE back to an image."""
    chain = Chain((1, 6, 5)).max_pool((1, 1), (1, 1))
    b, quantisation = chain.builder, (chain.scale, chain.zero_point)
    squeezed, spread = b.tensor((6, 5), *quantisation), b.tensor((6, 1, 5), *quantisation)
    b.operator("SQUEEZE", [chain.tensor], squeezed, "SqueezeOptions")
    b.operator("EXPAND_DIMS", [squeezed, b.constant(np.array(1, np.int32))], spread, "ExpandDimsOptions")
    chain.tensor, chain.shape = spread, (6, 1, 5)
    tflite = chain.reshape(6, 1, 5).max_pool((2, 1), (2, 1)).build()
    assert [node.kind for node in compile_tflite(tflite).program.nodes[1:]] == [
        "MAX_POOL_2D",
        "COPY",
        "MAX_POOL_2D",
    ]
    assert_exact(tflite, (1, 6, 5), seed=1)
