"""The diagram of a model with branches, laid out by Graphviz where its program `dot` is installed."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from itertools import pairwise

from convlet.model_diagram import model_svg
from convlet.training_record import Layer

_SECONDS = 20  # that `dot` may take
# Light boxes on nothing: they are read in a light and in a dark page.
_STYLE = """  bgcolor=transparent; nodesep=0.3; ranksep=0.35
  node [shape=box style="filled,rounded" fillcolor="#eef2f6" color="#8592a0" fontname="sans-serif" fontsize=11]
  edge [color="#8592a0" arrowsize=0.7]
"""


def diagram_svg(layers: Sequence[Layer]) -> str:
    """The SVG of a model's layers: by `dot` when it is there and the model is no chain, else by `model_svg`."""
    is_chain = all(layer.inputs == (before.name,) for before, layer in pairwise(layers))
    return (not is_chain and _drawn_by_dot(layers)) or model_svg(layers)


def _drawn_by_dot(layers: Sequence[Layer]) -> str | None:
    """None when `dot` is missing, fails, or gives no SVG."""
    command = ["dot", "-Tsvg"]
    try:
        done = subprocess.run(
            command, input=dot_text(layers).encode(), capture_output=True, timeout=_SECONDS, check=True
        )
        svg = done.stdout.decode()
        svg = svg[svg.index("<svg") :]  # in a page there is no place for the heading of an XML file
        ElementTree.fromstring(svg)
    except (OSError, subprocess.SubprocessError, ValueError, ElementTree.ParseError):
        return None
    return svg.replace("<svg", '<svg class="model" role="img" aria-label="The layers of the model"', 1)


def dot_text(layers: Sequence[Layer]) -> str:
    """The layers in Graphviz' language."""
    nodes = [f"  {_quoted(layer.name)} [label={_quoted(*_lines(layer))}]\n" for layer in layers]
    edges = [f"  {_quoted(name)} -> {_quoted(layer.name)}\n" for layer in layers for name in layer.inputs]
    return "digraph model {\n" + _STYLE + "".join(nodes + edges) + "}\n"


def _lines(layer: Layer) -> tuple[str, ...]:
    shape = " \u00d7 ".join(map(str, layer.shape))
    count = f"{layer.parameters:,} parameters" if layer.parameters else ""
    below = f"{layer.settings}   {count}".strip()
    return (f"{layer.kind.removesuffix('Layer')}   {shape}", *([below] if below else []))


def _quoted(*lines: str) -> str:
    return '"' + "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in lines) + '"'
