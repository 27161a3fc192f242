"""The picture of a plan: what lies in the arena, byte over time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from convlet.errors import ConvletError
from convlet.figures import DPI, INK
from convlet.files import replacing
from convlet.layout import Layout, Span

SUFFIXES = (".png", ".svg")

# Paul Tol's "muted", which colour-blind people tell apart, in an order in which neighbours differ most.
COLOURS = ("#88ccee", "#cc6677", "#ddcc77", "#117733", "#aa4499", "#44aa99", "#332288", "#999933", "#882255")
STATE_COLOUR = "#9a9a9a"
PEAK_COLOUR = "#c00000"
_QUIET = "#6b6b6b"
_LEGEND_ROWS = 36  # in a column of the legend
_FEW_ROWS = 60  # so few have room for names
_LABEL_POINTS = 7
_PALETTE = 128  # colours of a PNG
_ARENA_POINTS = 570, 260  # the size of the part that shows the arena, about
_ON_HATCHES = "#000000"  # text in this colour has a white ground
_DARK = {"#117733", "#aa4499", "#332288", "#882255", "#cc6677"}


def draw_plan(layout: Layout, path: Path, title: str) -> None:
    """Draw the arena over time to the PNG or SVG `path`.

    Raises ConvletError for another suffix, or when the file cannot be written.

    >>> from convlet.compile import compile_tflite
    >>> from convlet.layout import layout_of
    >>> compiled = compile_tflite(Path("digits.tflite").read_bytes())
    >>> draw_plan(layout_of(compiled.program, compiled.plan), Path("plan.svg"), "digits")
    """
    check_suffix(path)
    columns = -(-len(layout.program.nodes) // _LEGEND_ROWS)
    figure = Figure(figsize=(9.6 + 2.3 * columns, 6.4), dpi=DPI, layout="constrained")
    grid = figure.add_gridspec(3, 1, height_ratios=(1.1, 6, 0.28), hspace=0.02)
    arena = figure.add_subplot(grid[1])
    usage = figure.add_subplot(grid[0], sharex=arena)
    work = figure.add_subplot(grid[2], sharex=arena)
    _draw_usage(usage, layout)
    _draw_arena(arena, layout)
    _draw_work(work, layout)
    figure.suptitle(title, x=0.012, ha="left", color=INK, fontweight="bold", fontsize=13, parse_math=False)
    figure.legend(
        handles=_legend(layout),
        loc="outside right upper",
        ncols=columns,
        frameon=False,
        fontsize=8,
        handlelength=1.1,
        handleheight=0.9,
        labelspacing=0.35,
        columnspacing=1.2,
    )
    with replacing(path) as temporary:
        _save(figure, temporary)


def _save(figure: Figure, path: Path) -> None:
    """Write the figure as small as it gets; equal figures give equal files."""
    if path.suffix == ".svg":
        with matplotlib.rc_context({"svg.hashsalt": "convlet", "svg.fonttype": "none"}):
            figure.savefig(path, metadata={"Date": None})
        return
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=DPI)
    # Flat colours: a palette makes the file a third.
    Image.open(drawn).convert("RGB").quantize(_PALETTE, dither=Image.Dither.NONE).save(path, optimize=True)


def check_suffix(path: Path) -> None:
    """Raises ConvletError for a file that is neither PNG nor SVG."""
    if path.suffix not in SUFFIXES:
        raise ConvletError(f"cannot draw {path}: its name ends in {path.suffix!r}, expected .png or .svg")


def colour_of(node: int) -> str:
    return COLOURS[node % len(COLOURS)]


def _draw_usage(axes: Axes, layout: Layout) -> None:
    state_bytes = layout.plan.state_bytes
    times = np.arange(len(layout.used) + 1)
    used = np.append(layout.used, layout.used[-1]) + state_bytes
    axes.fill_between(times, used, step="post", color="#d5dbe1", linewidth=0)
    axes.step(times, used, where="post", color="#5b6875", linewidth=0.9)
    axes.set_ylim(0, layout.plan.arena_bytes * 1.12)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    axes.set_ylabel("bytes in use", color=INK)
    _style(axes)
    axes.tick_params(labelbottom=False)
    _mark_peak(axes, layout)
    text = (
        f"peak: {layout.peak_bytes + state_bytes:,} bytes, "
        f"while {layout.peak_node} {layout.program.nodes[layout.peak_node].kind} works"
    )
    x, right = layout.peak_time + 0.5, layout.peak_time > len(layout.events) / 2
    axes.annotate(
        text,
        (x, 1.02),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if right else 4, 1),
        textcoords="offset points",
        ha="right" if right else "left",
        color=PEAK_COLOUR,
        fontsize=9,
        fontweight="bold",
    )


def _draw_arena(axes: Axes, layout: Layout) -> None:
    axes.set_xlim(0, len(layout.used))
    axes.set_ylim(0, layout.plan.arena_bytes)
    state = Span(0, 0, layout.plan.state_bytes, 0, len(layout.events))
    _add(axes, [state], facecolor=STATE_COLOUR, linewidth=0)
    _label(axes, layout, state, ["state of the engine"], INK)
    few = len(layout.rows) < _FEW_ROWS
    for node in range(len(layout.program.nodes)):
        colour = colour_of(node)
        rings, rows, scratches, copies = (
            [span for span in spans if span.node == node]
            for spans in (layout.rings, layout.rows, layout.scratches, layout.copies)
        )
        _add(axes, rings, facecolor=colour, alpha=0.3, linewidth=0)
        _add(axes, rows, facecolor=colour, edgecolor="white", linewidth=0.5 if few else 0.15)
        _add(axes, scratches, facecolor="white", edgecolor=colour, linewidth=0.8, hatch="//////")
        _add(axes, copies, facecolor="white", edgecolor=colour, linewidth=0.8, hatch="....")
        texts = [f"{node} {layout.program.nodes[node].kind}"] * few + [str(node)]
        for span in rows:
            _label(axes, layout, span, texts, "white" if colour in _DARK else INK)
        for span in scratches:
            _label(axes, layout, span, [f"scratch of {node}"], _ON_HATCHES)
        for span in copies:
            _label(axes, layout, span, [f"weights of {node}"], _ON_HATCHES)
    _mark_peak(axes, layout)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylabel("offset in the arena, bytes", color=INK)
    _style(axes)
    axes.tick_params(labelbottom=False)


def _label(axes: Axes, layout: Layout, span: Span, texts: Sequence[str], colour: str) -> None:
    """Write on a span the first of the texts for which it is large enough, if there is one."""
    wide = (span.last + 1 - span.first) * _ARENA_POINTS[0] / len(layout.used)
    high = span.size * _ARENA_POINTS[1] / layout.plan.arena_bytes
    fitting = [text for text in texts if wide > _LABEL_POINTS * (0.65 * len(text) + 0.4)]
    if not fitting or high < _LABEL_POINTS * 1.1:
        return
    axes.annotate(
        fitting[0],
        ((span.first + span.last + 1) / 2, span.offset + span.size / 2),
        ha="center",
        va="center_baseline",
        fontsize=_LABEL_POINTS,
        color=colour,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5} if colour == _ON_HATCHES else None,
    )


def _draw_work(axes: Axes, layout: Layout) -> None:
    """Which operator works in each event."""
    for node in range(len(layout.program.nodes)):
        times = [time for time, event in enumerate(layout.events) if event.node == node]
        spans = [Span(node, 0, 1, time, time) for time in times]
        _add(axes, spans, facecolor=colour_of(node), linewidth=0)
    axes.set_ylim(0, 1)
    axes.set_yticks([0.5], ["at work"])
    steps = "; some steps of a stream" if layout.program.period else ""
    axes.set_xlabel(f"time, in calls of a kernel (each makes a row, or adds one to a sum){steps}", color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _style(axes)
    axes.tick_params(axis="y", length=0)


def _style(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_QUIET)
    axes.tick_params(colors=_QUIET, labelcolor=INK, labelsize=8.5)
    axes.set_axisbelow(True)


def _mark_peak(axes: Axes, layout: Layout) -> None:
    axes.axvline(layout.peak_time + 0.5, color=PEAK_COLOUR, linewidth=1.1, linestyle=(0, (4, 2)))


def _add(axes: Axes, spans: Sequence[Span], **style: Any) -> None:
    """Draw the spans as one patch, which makes a small SVG."""
    if spans:
        axes.add_patch(PathPatch(Outline.make_compound_path(*map(_outline, spans)), **style))


def _outline(span: Span) -> Outline:
    left, right, bottom, top = span.first, span.last + 1, span.offset, span.offset + span.size
    return Outline([(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)], closed=True)


def _legend(layout: Layout) -> list[Patch]:
    patches = []
    for index, node in enumerate(layout.program.nodes):
        label = f"{index} {node.kind} {'x'.join(map(str, layout.shape_of(index)))}"
        patches.append(Patch(facecolor=colour_of(index), label=label))
    if layout.scratches:
        patches.append(
            Patch(facecolor="white", edgecolor=_QUIET, hatch="//////", label="scratch of a kernel")
        )
    if layout.copies:
        patches.append(Patch(facecolor="white", edgecolor=_QUIET, hatch="....", label="copied weights"))
    if layout.rings:
        patches.append(Patch(facecolor="#e3e3e3", label="pale: kept for a next row"))
    patches.append(Patch(facecolor=STATE_COLOUR, label="state of the engine"))
    return patches
