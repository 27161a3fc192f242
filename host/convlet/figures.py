"""The PNG pictures: the data, training curves, predictions and the confusion matrix."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

DPI = 160
RECONSTRUCTIONS = 10
SAMPLES_PER_CLASS = 8
PREDICTIONS = 40
MOST_CLASSES = 24  # whose samples are shown
SERIES_COLOURS = ("#2a6f97", "#e07a1f", "#2a9d8f", "#8e5ea2", "#b3261e", "#7a8794")
TRAIN_COLOUR = "#2a6f97"
VALIDATION_COLOUR = "#e07a1f"
INK = "#222222"
WRONG_COLOUR = "#b3261e"
CELLS = LinearSegmentedColormap.from_list("convlet", ["#ffffff", "#a9d0e5", "#2a6f97", "#0b3c5d"])
_LONGEST = 22  # characters of a name, of which the middle is left out otherwise
_CHARACTER = 0.62  # its width, as a share of the font's size
# matplotlib's own font has no Chinese, Japanese or Korean: these are asked next, where they are installed.
_FONTS = ("DejaVu Sans", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Hiragino Sans", "Microsoft YaHei")


@dataclass(frozen=True)
class Curves:
    """Loss and score after each epoch; `measure` names the score, an accuracy is from 0 to 1."""

    train_loss: Sequence[float]
    validation_loss: Sequence[float]
    train_score: Sequence[float]
    validation_score: Sequence[float]
    measure: str = "Accuracy"


def shortened(text: str, most: int = _LONGEST) -> str:
    """`text`, or its beginning and its end: names of classes often begin alike.

    >>> shortened("Tomato_Early_blight", 14)
    'Tomato\u2026_blight'
    """
    if len(text) <= most:
        return text
    return f"{text[: most // 2 - 1]}\u2026{text[len(text) - most + most // 2 :]}"


@cache
def _installed_fonts() -> list[str]:
    names = set(font_manager.get_font_names())
    return [name for name in _FONTS if name in names]


def _plain(draw: Callable[..., None]) -> Callable[..., None]:
    """Names of classes are shown as they are: a $ begins no formula, and a character that no font has is no warning."""

    def drawing(*args: Any, **kwargs: Any) -> None:
        with (
            matplotlib.rc_context({"text.parse_math": False, "font.family": _installed_fonts()}),
            warnings.catch_warnings(),
        ):
            warnings.filterwarnings("ignore", "Glyph .* missing")
            draw(*args, **kwargs)

    return drawing


def draw_curves(curves: Curves, path: Path) -> None:
    """Write loss and score over the epochs as two plots side by side to the PNG `path`."""
    # Figure without pyplot: no global state, no display, nothing to close.
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    loss, score = figure.subplots(1, 2)
    _draw_pair(loss, curves.train_loss, curves.validation_loss, "Loss")
    _draw_pair(score, curves.train_score, curves.validation_score, curves.measure)
    loss.set_ylim(bottom=0)
    if curves.measure == "Accuracy":
        score.set_ylim(top=1)
        score.yaxis.set_major_formatter(PercentFormatter(1.0))
    figure.savefig(path, dpi=DPI)


def _draw_pair(axes: Axes, train: Sequence[float], validation: Sequence[float], title: str) -> None:
    epochs = range(1, len(train) + 1)
    # A single epoch is a point, which a line alone would not show.
    marker = "o" if len(train) == 1 else None
    axes.plot(epochs, train, color=TRAIN_COLOUR, linewidth=1.8, marker=marker, label="training")
    axes.plot(epochs, validation, color=VALIDATION_COLOUR, linewidth=1.8, marker=marker, label="validation")
    axes.set_title(title, loc="left", color=INK, fontweight="bold")
    axes.set_xlabel("Epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.grid(color="#e3e3e3", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1.02, 0.98), borderaxespad=0)


@_plain
def draw_confusion(counts: NDArray[np.int64], class_names: Sequence[str], path: Path, title: str) -> None:
    """Write `counts` (int64[true class, predicted class]) to the PNG `path`: a row for each true class."""
    classes, names = len(class_names), [shortened(name) for name in class_names]
    cell = min(0.48, 14 / classes)  # inches
    size = min(10.0, 0.75 * 72 * cell)  # of the names' font, in points
    longest = max(map(len, names)) * _CHARACTER * size / 72
    side = max(5.2, cell * classes + longest + 1.2)  # wide enough for the title
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(counts, cmap=CELLS, vmin=0)
    dark = counts.max() / 2
    for true, predicted in zip(*np.nonzero(counts), strict=True):
        count = counts[true, predicted]
        colour = "white" if count > dark else INK if true == predicted else WRONG_COLOUR
        weight = "normal" if true == predicted else "bold"
        text = axes.text(
            predicted, true, str(count), ha="center", va="center", color=colour, fontweight=weight
        )
        text.set_fontsize(min(10.0, 0.42 * 72 * cell))
        text.set_in_layout(False)  # it lies in its cell; to measure thousands takes minutes
    rotation = 90 if longest > cell else 0
    axes.set_xticks(range(classes), names, fontsize=size, rotation=rotation)
    axes.set_yticks(range(classes), names, fontsize=size)
    axes.set_xlabel("Predicted")
    axes.set_ylabel("True")
    right = int(np.trace(counts))
    axes.set_title(f"{title}\n{right:,} of {counts.sum():,} right ({right / counts.sum():.1%})", color=INK)
    axes.set_xticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#d9d9d9", linewidth=min(0.8, 1.6 * cell))
    axes.tick_params(which="both", length=0)
    figure.savefig(path, dpi=DPI)


@_plain
def draw_data(
    images: NDArray[np.float32],
    labels: NDArray[np.int64],
    class_names: Sequence[str],
    counts: Mapping[str, Sequence[int]],
    path: Path,
) -> None:
    """Write the first samples of each class, and how many there are in each part of the data, to the PNG `path`.

    images: float32[N, H, W, C] or series float32[N, steps, C], with the class int64[N] of each.
    """
    shown = min(len(class_names), MOST_CLASSES)
    names = [shortened(name) for name in class_names[:shown]]
    size = 10 if max(map(len, names)) < 10 else 8
    label = max(map(len, names)) * _CHARACTER * size / 72 + 0.1  # inches that the names take
    high, wide = 0.62 * shown + 1.1, 9.0
    figure = Figure(figsize=(wide, high))
    # Without a layout engine, which takes minutes for so many axes.
    rows = {"bottom": 0.5 / high, "top": 1 - 0.5 / high}
    grid = figure.add_gridspec(
        shown, SAMPLES_PER_CLASS, left=label / wide, right=5.2 / wide, wspace=0.08, hspace=0.12, **rows
    )
    for index, name in enumerate(names):
        chosen = images[labels == index][:SAMPLES_PER_CLASS]
        for column in range(max(1, len(chosen))):
            cell = figure.add_subplot(grid[index, column])
            if len(chosen):
                draw_sample(cell, chosen[column])
            else:
                cell.set_axis_off()
            if column == 0:
                cell.set_ylabel(name, rotation=0, ha="right", va="center", color=INK, fontsize=size)
    of_all = f" of {shown} of the {len(class_names)} classes" if shown < len(class_names) else ""
    figure.text(2.6 / wide, 1 - 0.28 / high, f"Samples{of_all}", color=INK, fontweight="bold", ha="center")
    bars = figure.add_gridspec(1, 1, left=(5.3 + label) / wide, right=8.85 / wide, **rows)
    _draw_counts(figure.add_subplot(bars[0]), names, counts, size)
    figure.savefig(path, dpi=DPI)


def draw_sample(axes: Axes, sample: NDArray[np.float32]) -> None:
    """An image as such, a series as a line for each of its channels."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    if is_image(sample):
        axes.imshow(sample if sample.shape[-1] == 3 else sample[..., 0], cmap="gray", vmin=0, vmax=1)
        return
    for channel, colour in zip(sample.reshape(len(sample), -1).T, cycle(SERIES_COLOURS), strict=False):
        axes.plot(channel, color=colour, linewidth=0.7)


def is_image(sample: NDArray[np.float32]) -> bool:
    """Whether it has a height, a width, and one channel or three."""
    return sample.ndim == 3 and sample.shape[-1] in (1, 3)


def _draw_counts(axes: Axes, names: Sequence[str], counts: Mapping[str, Sequence[int]], size: int) -> None:
    begin = np.zeros(len(names), np.int64)
    colours = (TRAIN_COLOUR, VALIDATION_COLOUR, "#9aa5b1")
    for (name, values), colour in zip(counts.items(), colours, strict=True):
        shown = values[: len(names)]
        axes.barh(range(len(names)), shown, left=begin, color=colour, label=f"{name} ({sum(values):,})")
        begin += np.array(shown)
    axes.set_yticks(range(len(names)), names, fontsize=size)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel("Samples of each class")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        frameon=False,
        ncols=3,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        fontsize=7.5,
        handlelength=1,
        columnspacing=0.8,
    )


@_plain
def draw_predictions(
    images: NDArray[np.float32],
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    class_names: Sequence[str],
    path: Path,
    title: str,
) -> None:
    """Write the first test samples, each under the predicted class, to the PNG `path`; wrong ones are marked in red.

    images: as for `draw_data`; labels and predicted: the true and the predicted class, int64[N].
    """
    shown = min(len(images), PREDICTIONS)
    columns = 10 if max(map(len, class_names)) < 11 else 5
    most = 120 // columns  # characters that fit above a cell
    rows = -(-shown // columns)
    figure = Figure(figsize=(9, 1.25 * rows + 0.5), layout="constrained")
    for index, cell in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        if index >= shown:
            cell.set_axis_off()
            continue
        draw_sample(cell, images[index])
        right, text = predicted[index] == labels[index], shortened(class_names[predicted[index]], most)
        cell.set_title(
            text if right else f"{text}\nnot {shortened(class_names[labels[index]], most - 4)}",
            color=INK if right else WRONG_COLOUR,
            fontweight="normal" if right else "bold",
            fontsize=9 if len(text) < 6 else 7,
            pad=3,
        )
        cell.spines[:].set(visible=not right, color=WRONG_COLOUR, linewidth=2)
    figure.suptitle(title, color=INK)
    figure.savefig(path, dpi=DPI)


@_plain
def draw_reconstructions(
    images: NDArray[np.float32], outputs: NDArray[np.float32], path: Path, title: str
) -> None:
    """Write the first images, float32[N, H, W, 1] from 0 to 1, and under each what a model made of it, to `path`."""
    shown = min(len(images), RECONSTRUCTIONS)
    figure = Figure(figsize=(0.9 * shown, 2.3), layout="constrained")
    axes = figure.subplots(2, shown, squeeze=False)
    for row, pictures in zip(axes, (images, outputs), strict=True):
        for cell, picture in zip(row, pictures, strict=False):
            cell.imshow(picture[..., 0], cmap="gray", vmin=0, vmax=1)
            cell.set_axis_off()
    figure.suptitle(title, color=INK)
    figure.savefig(path, dpi=DPI)
