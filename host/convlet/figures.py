"""The PNG pictures: training curves and confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

DPI = 160
RECONSTRUCTIONS = 10
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
