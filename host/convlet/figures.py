"""The PNG pictures: the data, training curves, predictions and the confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

DPI = 160
RECONSTRUCTIONS = 10
SAMPLES_PER_CLASS = 8
PREDICTIONS = 40
SERIES_COLOURS = ("#2a6f97", "#e07a1f", "#2a9d8f", "#8e5ea2", "#b3261e", "#7a8794")
TRAIN_COLOUR = "#2a6f97"
VALIDATION_COLOUR = "#e07a1f"
INK = "#222222"
WRONG_COLOUR = "#b3261e"
CELLS = LinearSegmentedColormap.from_list("convlet", ["#ffffff", "#a9d0e5", "#2a6f97", "#0b3c5d"])


@dataclass(frozen=True)
class Curves:
    """Loss and score after each epoch; `measure` names the score, an accuracy is from 0 to 1."""

    train_loss: Sequence[float]
    validation_loss: Sequence[float]
    train_score: Sequence[float]
    validation_score: Sequence[float]
    measure: str = "Accuracy"


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
    axes.legend(frameon=False)


def draw_confusion(counts: NDArray[np.int64], class_names: Sequence[str], path: Path, title: str) -> None:
    """Write `counts` (int64[true class, predicted class]) to the PNG `path`: a row for each true class."""
    classes = len(class_names)
    side = max(5.2, 0.48 * classes + 1.4)  # wide enough for the title
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(counts, cmap=CELLS, vmin=0)
    dark = counts.max() / 2
    for true, predicted in zip(*np.nonzero(counts), strict=True):
        count = counts[true, predicted]
        colour = "white" if count > dark else INK if true == predicted else WRONG_COLOUR
        weight = "normal" if true == predicted else "bold"
        axes.text(predicted, true, str(count), ha="center", va="center", color=colour, fontweight=weight)
    axes.set_xticks(range(classes), class_names)
    axes.set_yticks(range(classes), class_names)
    axes.set_xlabel("Predicted")
    axes.set_ylabel("True")
    right = int(np.trace(counts))
    axes.set_title(f"{title}\n{right} of {counts.sum()} right ({right / counts.sum():.1%})", color=INK)
    axes.set_xticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#d9d9d9", linewidth=0.8)
    axes.tick_params(which="both", length=0)
    figure.savefig(path, dpi=DPI)


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
    classes = len(class_names)
    figure = Figure(figsize=(9, max(2.4, 0.62 * classes + 0.9)), layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=(3, 2))
    left, right = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    cells = left.subplots(classes, SAMPLES_PER_CLASS, squeeze=False)
    for label, row in enumerate(cells):
        row[0].set_ylabel(class_names[label], rotation=0, ha="right", va="center", color=INK)
        shown = images[labels == label][:SAMPLES_PER_CLASS]
        for index, cell in enumerate(row):
            if index < len(shown):
                draw_sample(cell, shown[index])
            else:
                cell.set_axis_off()
    left.suptitle("Samples", color=INK, fontweight="bold")
    _draw_counts(right.subplots(), class_names, counts)
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


def _draw_counts(axes: Axes, class_names: Sequence[str], counts: Mapping[str, Sequence[int]]) -> None:
    begin = np.zeros(len(class_names), np.int64)
    colours = (TRAIN_COLOUR, VALIDATION_COLOUR, "#9aa5b1")
    for (name, values), colour in zip(counts.items(), colours, strict=True):
        axes.barh(
            range(len(class_names)), values, left=begin, color=colour, label=f"{name} ({sum(values):,})"
        )
        begin += np.array(values)
    axes.set_yticks(range(len(class_names)), class_names)
    axes.invert_yaxis()
    axes.set_xlabel("Samples of each class")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        frameon=False,
        ncols=3,
        loc="lower center",
        bbox_to_anchor=(0.4, 1.0),
        fontsize=7.5,
        handlelength=1,
        columnspacing=0.8,
    )


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
    rows = -(-shown // 10)
    figure = Figure(figsize=(9, 1.25 * rows + 0.5), layout="constrained")
    for index, cell in enumerate(figure.subplots(rows, 10, squeeze=False).flat):
        if index >= shown:
            cell.set_axis_off()
            continue
        draw_sample(cell, images[index])
        right, text = predicted[index] == labels[index], class_names[predicted[index]]
        cell.set_title(
            text if right else f"{text}\nnot {class_names[labels[index]]}",
            color=INK if right else WRONG_COLOUR,
            fontweight="normal" if right else "bold",
            fontsize=9 if len(text) < 6 else 7,
            pad=3,
        )
        cell.spines[:].set(visible=not right, color=WRONG_COLOUR, linewidth=2)
    figure.suptitle(title, color=INK)
    figure.savefig(path, dpi=DPI)


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
