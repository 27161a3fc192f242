"""The PNG pictures: they are read back, and their texts are checked where matplotlib drew them."""

from itertools import pairwise
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from convlet.figures import DPI, Curves, draw_confusion, draw_curves, draw_data, draw_predictions
from matplotlib.figure import Figure


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that were saved."""
    figures: list[Figure] = []
    save = Figure.savefig

    def remember(figure: Figure, *args: object, **kwargs: object) -> None:
        figures.append(figure)
        save(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", remember)
    return figures


def test_confusion_has_true_classes_down_and_predicted_across(tmp_path: Path, drawn: list[Figure]) -> None:
    counts = np.array([[5, 2], [0, 7]])
    draw_confusion(counts, ["cat", "dog"], tmp_path / "c.png", "pets")
    axes = drawn[0].axes[0]
    assert axes.get_xlabel() == "Predicted"
    assert axes.get_ylabel() == "True"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["cat", "dog"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]
    # Two cats were taken for dogs: column dog (x = 1), row cat (y = 0), which imshow draws on top.
    assert {text.get_position(): text.get_text() for text in axes.texts} == {
        (0, 0): "5",
        (1, 0): "2",
        (1, 1): "7",
    }
    assert axes.yaxis_inverted()
    assert axes.get_title() == "pets\n12 of 14 right (85.7%)"
    assert matplotlib.image.imread(tmp_path / "c.png").shape[2] == 4


def test_curves_show_the_numbers_of_each_epoch(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_curves(Curves([2.0, 1.0], [2.5, 1.5], [0.1, 0.6], [0.2, 0.5]), tmp_path / "c.png")
    loss, accuracy = drawn[0].axes
    found = {
        (axes.get_title(loc="left"), line.get_label()): (line.get_xdata().tolist(), list(line.get_ydata()))
        for axes in (loss, accuracy)
        for line in axes.lines
    }
    assert found == {
        ("Loss", "training"): ([1, 2], [2.0, 1.0]),
        ("Loss", "validation"): ([1, 2], [2.5, 1.5]),
        ("Accuracy", "training"): ([1, 2], [0.1, 0.6]),
        ("Accuracy", "validation"): ([1, 2], [0.2, 0.5]),
    }
    assert matplotlib.image.imread(tmp_path / "c.png").shape[2] == 4


def test_curves_of_another_score_have_its_name_and_no_percents(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_curves(Curves([0.1], [0.2], [10.0], [7.0], "PSNR, dB"), tmp_path / "c.png")
    score = drawn[0].axes[1]
    assert score.get_title(loc="left") == "PSNR, dB"
    assert score.get_ylim()[1] > 10


def test_equal_data_gives_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw_curves(Curves([1.0], [2.0], [0.5], [0.4]), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_data_show_samples_of_each_class_and_how_many_there_are(tmp_path: Path, drawn: list[Figure]) -> None:
    images = np.arange(5, dtype=np.float32).reshape(5, 1, 1, 1) / 10 * np.ones((1, 4, 4, 1), np.float32)
    counts = {"train": [3, 2], "validation": [1, 1], "test": [0, 4]}
    draw_data(images, np.array([0, 1, 0, 1, 0]), ["cat", "dog"], counts, tmp_path / "d.png")
    *samples, bars = drawn[0].axes
    shown = [axes.images[0].get_array()[0, 0] for axes in samples]
    np.testing.assert_allclose(shown, [0, 0.2, 0.4, 0.1, 0.3])
    assert [axes.get_ylabel() for axes in samples if axes.get_ylabel()] == ["cat", "dog"]
    widths = [[bar.get_width() for bar in group] for group in bars.containers]
    assert widths == list(counts.values())
    assert [group.get_label() for group in bars.containers] == ["train (5)", "validation (2)", "test (4)"]


def test_many_classes_with_long_names_keep_within_the_picture(tmp_path: Path, drawn: list[Figure]) -> None:
    """A $ begins no formula, names that are too long lose their middle, and of the classes the first are shown."""
    names = [f"${index} of a hundred long names of plants" for index in range(30)]
    images, labels = np.zeros((30, 4, 4, 3), np.float32), np.arange(30)
    draw_confusion(np.eye(30, dtype=np.int64), names, tmp_path / "c.png", "plants")
    draw_predictions(images[:10], labels[:10], labels[::-1], names, tmp_path / "p.png", "plants")
    draw_data(
        images,
        labels,
        names,
        {"train": [3] * 30, "validation": [1] * 30, "test": [1] * 30},
        tmp_path / "d.png",
    )
    confusion, predictions, data = drawn
    ticks = confusion.axes[0].get_xticklabels()
    assert ticks[7].get_text() == "$7 of a hu\u2026s of plants" and not ticks[7].get_parse_math()
    assert confusion.get_size_inches().max() < 20
    assert (
        data.axes[-1].get_yticklabels()[-1].get_text().startswith("$23 ") and data.get_size_inches()[1] < 17
    )
    for figure in drawn:
        figure.set_dpi(DPI)
        width, height = figure.bbox.size
        texts = [text for axes in figure.axes for text in (*axes.texts, axes.title, axes.yaxis.label)]
        texts += [
            label for axes in figure.axes for label in (*axes.get_xticklabels(), *axes.get_yticklabels())
        ]
        texts = [text for text in texts if text.get_text() and not text.get_text().isdigit()]
        boxes = {text.get_text(): text.get_window_extent() for text in texts}
        outside = [
            text for text, box in boxes.items() if min(box.x0, box.y0, width - box.x1, height - box.y1) < 0
        ]
        assert outside == []
    titles = [axes.title.get_window_extent() for axes in predictions.axes[:5]]
    assert all(left.x1 < right.x0 for left, right in pairwise(titles))


def test_predictions_mark_the_wrong_ones(tmp_path: Path, drawn: list[Figure]) -> None:
    images, labels = np.zeros((3, 4, 4, 1), np.float32), np.array([0, 1, 1])
    draw_predictions(images, labels, np.array([0, 0, 1]), ["cat", "dog"], tmp_path / "p.png", "pets")
    cells = [axes for axes in drawn[0].axes if axes.images]
    assert [axes.get_title() for axes in cells] == ["cat", "cat\nnot dog", "dog"]
    assert [axes.spines["left"].get_visible() for axes in cells] == [False, True, False]


def test_series_are_drawn_as_lines(tmp_path: Path, drawn: list[Figure]) -> None:
    series = np.arange(20, dtype=np.float32).reshape(1, 10, 2)
    draw_predictions(series, np.array([0]), np.array([0]), ["rest"], tmp_path / "p.png", "motion")
    lines = drawn[0].axes[0].lines
    assert [line.get_ydata().tolist() for line in lines] == series[0].T.tolist()
