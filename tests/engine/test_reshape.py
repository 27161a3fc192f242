import pytest
from chain import Chain
from convlet.compile import compile_tflite
from exactness import assert_exact


@pytest.mark.parametrize("shape", [(8, 3, 5), (1, 24, 5), (24, 1, 5), (12, 2, 5), (2, 2, 30), (120, 1, 1)])
def test_rows_cut_anew_are_exact(shape):
    tflite = Chain((6, 8, 3), seed=5).conv(5, (3, 3), padding="SAME").max_pool((1, 1), (1, 2)).reshape(*shape)
    tflite = tflite.conv(2, (1, 1)).build()
    assert "RESHAPE" in [node.kind for node in compile_tflite(tflite).program.nodes]
    assert_exact(tflite, (6, 8, 3), seed=1)
