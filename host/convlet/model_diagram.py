"""The diagram of a model: a box for each layer, arrows for what flows between them. SVG, drawn without graphviz."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from convlet.training_record import Layer

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 276, 52, 28, 32, 8
# Families of layers by a word in their names, each with a colour that is told from the others in light and dark.
_FAMILIES = (
    ("input", ("Input",), "#7a8794"),
    ("convolution", ("Conv",), "#2a6f97"),
    ("pooling", ("Pool",), "#2a9d8f"),
    ("dense", ("Dense",), "#e07a1f"),
    ("joining", ("Add", "Concatenate", "Multiply"), "#8e5ea2"),
)
_OTHER_COLOUR = "#9aa5b1"

# The colours follow the page around it; opened alone, the viewer's preference.
_STYLE = """
.model { color: #1c2733; --box: #ffffff; --line: #b9c3cd; --dim: #5d6b79; }
@media (prefers-color-scheme: dark) {
  .model { color: #e4eaf0; --box: #1d2630; --line: #465462; --dim: #9fadba; }
}
.model text { font: 13px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: currentColor; }
.model .kind { font-weight: 600; }
.model .dim { font-size: 11.5px; fill: var(--dim); }
.model .box { fill: var(--box); stroke: var(--line); }
.model .arrow { fill: none; stroke: var(--dim); stroke-width: 1.4; }
"""


def model_svg(layers: Sequence[Layer]) -> str:
    """The SVG of a model's layers, from the input above to the output below; those that run side by side lie so."""
    ranks = _ranks(layers)
    columns = _columns(layers, ranks)
    places = {
        layer.name: (
            _MARGIN + columns[layer.name] * (_WIDTH + _GAP_X),
            _MARGIN + ranks[layer.name] * (_HEIGHT + _GAP_Y),
        )
        for layer in layers
    }
    width = max(x for x, _ in places.values()) + _WIDTH + _GAP_X
    height = max(y for _, y in places.values()) + _HEIGHT + _MARGIN
    arrows = [
        _arrow(places[source], places[layer.name], ranks[layer.name] - ranks[source])
        for layer in layers
        for source in layer.inputs
    ]
    boxes = [_box(layer, *places[layer.name]) for layer in layers]
    return (
        f'<svg class="model" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="The layers of the model">'
        f"<style>{_STYLE}</style>"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#8592a0"/></marker></defs>' + "".join(arrows + boxes) + "</svg>\n"
    )


def _ranks(layers: Sequence[Layer]) -> dict[str, int]:
    """How many layers lie on the longest way from an input to each."""
    ranks: dict[str, int] = {}
    for layer in layers:
        ranks[layer.name] = max((ranks[name] + 1 for name in layer.inputs), default=0)
    return ranks


def _columns(layers: Sequence[Layer], ranks: Mapping[str, int]) -> dict[str, int]:
    """A column for each layer: the leftmost of those that it reads, or one with no arrow that passes."""
    until = {layer.name: ranks[layer.name] for layer in layers}
    for layer in layers:
        for source in layer.inputs:
            until[source] = max(until[source], ranks[layer.name])
    columns: dict[str, int] = {}
    in_use: dict[int, int] = {}  # of each column: the rank of the last reader of its last layer
    taken: set[tuple[int, int]] = set()
    for layer in sorted(layers, key=lambda layer: ranks[layer.name]):
        rank = ranks[layer.name]
        own = min((columns[source] for source in layer.inputs), default=0)
        free = (c for c in range(len(layers)) if (c, rank) not in taken and in_use.get(c, 0) <= rank)
        column = own if (own, rank) not in taken else next(free)
        columns[layer.name] = column
        in_use[column] = until[layer.name]
        taken.add((column, rank))
    return columns


def _arrow(source: tuple[int, int], target: tuple[int, int], rows: int) -> str:
    x0, y0 = source[0] + _WIDTH // 2, source[1] + _HEIGHT
    x1, y1 = target[0] + _WIDTH // 2, target[1]
    bend = y1 - _GAP_Y
    if rows > 1 and x0 == x1:  # around the layers that it skips
        side = source[0] + _WIDTH + _GAP_X // 2
        path = f"M{x0} {y0}C{x0} {y0 + 18} {side} {y0} {side} {y0 + 26}V{y1 - 26}"
        path += f"C{side} {y1} {x1 + 24} {y1 - 16} {x1 + 24} {y1}"
    else:
        path = f"M{x0} {y0}V{bend}C{x0} {bend + 22} {x1} {y1 - 22} {x1} {y1}"
    return f'<path class="arrow" d="{path}" marker-end="url(#tip)"/>'


def _box(layer: Layer, x: int, y: int) -> str:
    kind = layer.kind.removesuffix("Layer")
    shape = " \u00d7 ".join(map(str, layer.shape))
    count = f"{layer.parameters:,} parameters" if layer.parameters else ""
    right = x + _WIDTH - 12
    return (
        f'<g><title>{escape(layer.name)}</title><rect class="box" x="{x}" y="{y}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" rx="8"/><rect x="{x}" y="{y}" width="6" height="{_HEIGHT}" rx="3" '
        f'fill="{_colour(layer.kind)}"/>'
        f'<text class="kind" x="{x + 18}" y="{y + 22}">{escape(kind)}</text>'
        f'<text x="{right}" y="{y + 22}" text-anchor="end">{shape}</text>'
        f'<text class="dim" x="{x + 18}" y="{y + 40}">{escape(layer.settings)}</text>'
        f'<text class="dim" x="{right}" y="{y + 40}" text-anchor="end">{count}</text></g>'
    )


def _colour(kind: str) -> str:
    return next(
        (colour for _, words, colour in _FAMILIES if any(word in kind for word in words)), _OTHER_COLOUR
    )
