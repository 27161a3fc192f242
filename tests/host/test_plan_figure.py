"""The picture of a plan: read back, and its texts and patches checked where matplotlib drew them."""

import matplotlib.image
import pytest
from chain import Chain, digits_chain, reductions_chain
from convlet.compile import compile_tflite
from convlet.errors import ConvletError
from convlet.layout import layout_of
from convlet.plan_figure import COLOURS, draw_plan
from matplotlib.colors import to_hex
from matplotlib.figure import Figure


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were saved."""
    figures = []
    save = Figure.savefig

    def remember(figure, *args, **kwargs):
        figures.append(figure)
        save(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", remember)
    return figures


def layout(chain, prefer="ram"):
    compiled = compile_tflite(chain.build(), vectors=0, prefer=prefer)
    return layout_of(compiled.program, compiled.plan)


def test_the_peak_is_named_and_marked(tmp_path, drawn):
    shown = layout(digits_chain())
    draw_plan(shown, tmp_path / "p.png", "digits: an arena of 168 bytes")
    arena, usage, _ = drawn[0].axes
    assert drawn[0].get_suptitle() == "digits: an arena of 168 bytes"
    assert [text.get_text() for text in usage.texts] == ["peak: 168 bytes, while 1 CONV_2D works"]
    assert arena.lines[0].get_xdata()[0] == shown.peak_time + 0.5
    assert matplotlib.image.imread(tmp_path / "p.png").shape[2] == 4


def test_every_row_is_drawn_where_it_lies_in_the_colour_of_its_operator(tmp_path, drawn):
    shown = layout(digits_chain())
    draw_plan(shown, tmp_path / "p.png", "digits")
    arena = drawn[0].axes[0]
    boxes = {}
    for patch in arena.patches:
        for polygon in patch.get_path().to_polygons():
            (left, bottom), (right, top) = polygon.min(axis=0), polygon.max(axis=0)
            boxes[left, right, bottom, top] = to_hex(patch.get_facecolor())
    for span in shown.rows:
        box = span.first, span.last + 1, span.offset, span.offset + span.size
        assert boxes[box] == COLOURS[span.node]
    assert (0, len(shown.used), 0, shown.plan.state_bytes) in boxes


def test_the_legend_names_every_operator(tmp_path, drawn):
    draw_plan(layout(digits_chain()), tmp_path / "p.png", "digits")
    texts = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert texts == [
        "0 INPUT 8x8x1",
        "1 CONV_2D 6x6x8",
        "2 MAX_POOL_2D 3x3x8",
        "3 FULLY_CONNECTED 1x1x10",
        "scratch of a kernel",
        "pale: kept for a next row",
        "state of the engine",
    ]


def test_copied_weights_are_shown(tmp_path, drawn):
    compiled = compile_tflite(Chain((6, 6, 4)).conv(4).build(), prefer="speed", weights_in_ram=1000)
    draw_plan(layout_of(compiled.program, compiled.plan), tmp_path / "p.png", "copied")
    assert "copied weights" in [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert "weights of 1" in [text.get_text() for axes in drawn[0].axes for text in axes.texts]


def test_a_long_legend_has_columns_and_meets_nothing(tmp_path, drawn):
    chain = Chain((4, 4, 4))
    for _ in range(20):
        chain.conv(4, (3, 3), padding="SAME").depthwise()
    draw_plan(layout(chain), tmp_path / "p.png", "deep")
    figure = drawn[0]
    legend = figure.legends[0].get_window_extent()
    assert figure.legends[0]._ncols == 2
    assert all(axes.get_window_extent().x1 < legend.x0 for axes in figure.axes)
    assert 0 < legend.y0 < legend.y1 < figure.bbox.height and legend.x1 < figure.bbox.width


def test_texts_do_not_meet(tmp_path, drawn):
    """Each is as large as it is drawn, and within the picture."""
    draw_plan(layout(reductions_chain()), tmp_path / "p.png", "reductions")
    figure = drawn[0]
    boxes = [text.get_window_extent() for axes in figure.axes for text in axes.texts]
    boxes += [figure._suptitle.get_window_extent(), figure.legends[0].get_window_extent()]
    for i, box in enumerate(boxes):
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[:i])


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_equal_plans_give_equal_files(tmp_path, suffix):
    shown = layout(digits_chain())
    for name in "ab":
        draw_plan(shown, tmp_path / (name + suffix), "digits")
    first, second = (tmp_path / (name + suffix) for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().startswith(b"\x89PNG" if suffix == ".png" else b"<?xml")


@pytest.mark.parametrize("name", ["p.gif", "p", "p.PNG.txt"])
def test_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(
        ConvletError, match=r"cannot draw .*p.*: its name ends in '.*', expected \.png or \.svg"
    ):
        draw_plan(layout(digits_chain()), tmp_path / name, "digits")
    assert list(tmp_path.iterdir()) == []
