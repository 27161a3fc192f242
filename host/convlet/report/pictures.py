"""The pictures of a report, as text to put into HTML: SVG, and PNG as data."""

from __future__ import annotations

import base64
import io
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from html import escape
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from PIL import Image

from convlet.figures import INK, SERIES_COLOURS, is_image
from convlet.layout import Layout
from convlet.plan_figure import draw_plan
from convlet.report.words import key

_WIDTH, _HEIGHT = 460, 258
_SVG = "http://www.w3.org/2000/svg"
_BESIDE = ("matplotlib.axis", "legend")
_GROUPS = (*_BESIDE, "patch", "text")  # what the names of matplotlib's groups begin with
_COLOURS = {"#6b6b6b": "dim", "#5b6875": "dim", "#d5dbe1": "line", "#c00000": "bad"}  # to names in style.css
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 42

ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")


def sample_picture(sample: NDArray[np.float32], alt: str) -> str:
    """An image (float32[H, W, 1 or 3] from 0 to 1) as PNG, a series (float32[steps, C]) as lines."""
    return _image(sample, alt) if is_image(sample) else _series(sample, alt)


def _image(sample: NDArray[np.float32], alt: str) -> str:
    pixels = np.rint(np.clip(sample, 0, 1) * 255).astype(np.uint8)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    height, width = sample.shape[:2]
    return (
        f'<img alt="{escape(alt, quote=True)}" width="{width}" height="{height}" '
        f'src="data:image/png;base64,{data}">'
    )


def _series(sample: NDArray[np.float32], alt: str) -> str:
    lines = sample.reshape(len(sample), -1).T
    low, high = float(lines.min()), float(lines.max())
    scale = 38 / ((high - low) or 1)
    parts = [
        _polyline(np.arange(len(line)) * 60 / max(1, len(line) - 1), 39 - (line - low) * scale, colour, 0.8)
        for line, colour in zip(lines, cycle(SERIES_COLOURS), strict=False)
    ]
    return (
        f'<svg viewBox="0 0 60 40" role="img" aria-label="{escape(alt, quote=True)}">{"".join(parts)}</svg>'
    )


def _polyline(x: NDArray[np.float64], y: NDArray[np.float64], colour: str, width: float) -> str:
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}" '
        'stroke-linejoin="round"/>'
    )


def curve_chart(title: str, lines: Sequence[tuple[str, str, Sequence[float]]], is_share: bool) -> str:
    """Lines over the epochs: for each its name, its colour in CSS, and a value for each epoch."""
    values = np.array([line for _, _, line in lines])
    epochs = values.shape[1]
    low = float(values.min()) if is_share else min(0.0, float(values.min()))
    ticks = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, float(values.max()))
    ticks = [tick for tick in ticks if not is_share or tick <= 1.0001]
    bottom, top = ticks[0], max(ticks[-1], float(values.max()))
    right, floor = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    xs = np.linspace(_LEFT, right, epochs) if epochs > 1 else np.array([(_LEFT + right) / 2])
    ys = floor - (values - bottom) / ((top - bottom) or 1) * (floor - _TOP)
    parts = []
    for tick in ticks:
        y = floor - (tick - bottom) / ((top - bottom) or 1) * (floor - _TOP)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        text = f"{100 * tick:g}%" if is_share else f"{tick:g}"
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    for epoch in MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]).tick_values(1, max(2, epochs)):
        if 1 <= epoch <= epochs:
            x = xs[int(epoch) - 1]
            parts.append(f'<text x="{x:.1f}" y="{floor + 18}" text-anchor="middle">{epoch:g}</text>')
    parts.append(f'<text x="{(_LEFT + right) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">epoch</text>')
    for (_, colour, _), y_line in zip(lines, ys, strict=True):
        if epochs == 1:
            parts.append(f'<circle cx="{xs[0]:.1f}" cy="{y_line[0]:.1f}" r="4" fill="{colour}"/>')
        parts.append(_polyline(xs, y_line, colour, 2))
    keys = "".join(
        key(name, colour, f"{line[-1]:.1%}" if is_share else f"{line[-1]:.3g}")
        for name, colour, line in lines
    )
    return (
        f'<figure class="chart"><figcaption><b>{escape(title)}</b>{keys}</figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)} over the epochs">'
        f"{''.join(parts)}</svg></figure>"
    )


def arena_picture(layout: Layout) -> str:
    """The picture of `convlet plan` as SVG whose grounds, lines and words have the page's colours."""
    with tempfile.TemporaryDirectory(prefix="convlet-") as folder:
        path = Path(folder) / "plan.svg"
        draw_plan(layout, path, "")
        root = ElementTree.parse(path).getroot()
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    _recolour(root, "")
    return ElementTree.tostring(root, encoding="unicode")


def _recolour(element: ElementTree.Element, inside: str) -> None:
    """Replace colours in the style of `element` and of all in it; `inside` is the kind of matplotlib's group around it.

    Words on coloured rows and on white labels keep theirs; those of axes and legend, and all lines, follow the page.
    """
    if inside not in _BESIDE:
        inside = next((kind for kind in _GROUPS if element.get("id", "").startswith(kind)), inside)
    style = element.get("style", "")
    if inside in _BESIDE:
        style = style.replace(INK, "var(--ink)").replace("#000000", "var(--ink)")
    if style == "fill: #ffffff" and inside == "patch":
        style = "fill: none"
    if element.tag == f"{{{_SVG}}}text" and "fill" not in style:
        style += "; fill: var(--ink)" if inside in _BESIDE else "; fill: #000000"
    for colour, name in _COLOURS.items():
        style = style.replace(colour, f"var(--{name})")
    if style:
        element.set("style", style)
    for child in element:
        # A label's own ground is a patch in a text, and stays.
        if not (inside == "text" and child.get("id", "").startswith("patch")):
            _recolour(child, inside)
