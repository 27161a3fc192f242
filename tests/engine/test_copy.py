import movement_models
import numpy as np
import pytest
from chain import Chain
from convlet import Model
from convlet.compile import compile_tflite
from convlet.format import KERNEL_ALL
from exactness import assert_exact
from hypothesis import given, settings

MODELS = [
    movement_models.pads,
    movement_models.mirror_pads,
    movement_models.slices,
    movement_models.strided_slices,
    movement_models.transposes,
    movement_models.nearest_resizes,
    movement_models.blocks,
    movement_models.broadcasts,
    movement_models.reshapes,
    movement_models.channel_shuffles,
    movement_models.repeats,
    movement_models.move_chains,
    movement_models.splits,
]


@pytest.mark.parametrize("models", MODELS, ids=lambda models: models.__name__)
def test_random_moves_are_exact(models):
    @settings(max_examples=80, deadline=None, derandomize=True)
    @given(models())
    def check(model):
        assert_exact(*model)

    check()


def copy_of(chain):
    """The last node but one, a COPY."""
    node = compile_tflite(chain.max_pool((1, 1), (1, 1)).build()).program.nodes[-2]
    assert node.kind == "COPY"
    return node


def test_rows_are_copied_one_by_one_where_that_is_possible():
    source = (6, 8, 4)
    window = copy_of(Chain(source).pad((2, 1), (3, 0))).window
    assert (window.kernel_h, window.stride_h, window.pad_top) == (1, 1, 2)
    assert copy_of(Chain(source).transpose(0, 2, 1)).window.kernel_h == 1
    assert copy_of(Chain(source).transpose(1, 0, 2)).window.kernel_h == KERNEL_ALL
    cut = copy_of(Chain(source).max_pool((1, 1), (1, 1)).reshape(12, 4, 4))
    assert cut.row_map == tuple(row // 2 for row in range(12)) and cut.window.kernel_h == 1


@pytest.mark.parametrize(
    ("chain", "runs"),
    [
        (Chain((6, 8, 4)).pad((2, 1), (3, 0)), 1 + 1 + 2),
        (Chain((6, 8, 4)).pad((2, 1), channels=(3, 1)), 1 + 1 + 3),
        (Chain((6, 8, 4)).transpose(2, 1, 0), 3),
        (Chain((6, 8, 4)).max_pool((1, 1), (1, 1)).reshape(12, 4, 4), 3),
    ],
)
def test_tables_are_small(chain, runs):
    assert len(copy_of(chain).table) == 6 + 16 * runs


def test_rows_of_more_bytes_than_a_run_counts_are_exact():
    tflite = Chain((2, 70000 // 50, 50)).pad((0, 1), (0, 1)).build()
    assert_exact(tflite, (2, 1400, 50), seed=1)


def test_tiles_are_those_of_numpy():
    """tflite-micro has no TILE."""
    chain = Chain((2, 3, 4)).max_pool((1, 1), (1, 1))
    counts = chain.builder.constant(np.array([1, 2, 3, 2], np.int32))
    model = Model(compile_tflite(chain._layer("TILE", [counts], (4, 9, 8), "TileOptions").build()).cvl)
    image = np.arange(24, dtype=np.int8).reshape(2, 3, 4)
    assert np.asarray(model.run(image)).tolist() == np.tile(image, (2, 3, 2)).ravel().tolist()
    model.selftest()
