"""Graphviz draws models with branches, where it is there; a stub plays its program."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from convlet.graphviz_diagram import diagram_svg, dot_text
from convlet.model_diagram import model_svg
from convlet.training_record import Layer

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>'


def layer(name: str, *inputs: str, settings: str = "") -> Layer:
    return Layer(name, "Conv2D", (4, 4, 2), 1234, settings, inputs)


CHAIN = (layer("in"), layer("one", "in"), layer("two", "one"))
BRANCHES = (*CHAIN, layer('"add\\', "two", "in", settings='"3x3\\'))


def install_dot(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """A program `dot` alone on PATH, which keeps what it reads in dot.txt."""
    program = folder / "dot"
    keep = f"import sys\nopen({str(folder / 'dot.txt')!r}, 'wb').write(sys.stdin.buffer.read())\n"
    program.write_text(f"#!{sys.executable}\n{keep}{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_branches_are_drawn_by_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_dot(
        tmp_path, monkeypatch, f"assert sys.argv[1:] == ['-Tsvg']\nprint({('<?xml?><!DOCTYPE svg>' + SVG)!r})"
    )
    svg = diagram_svg(BRANCHES)
    assert svg.startswith('<svg class="model" role="img"') and svg.endswith("<g/></svg>\n")
    assert (tmp_path / "dot.txt").read_text() == dot_text(BRANCHES)


def test_a_chain_is_drawn_by_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_dot(tmp_path, monkeypatch, f"print({SVG!r})")
    assert diagram_svg(CHAIN) == model_svg(CHAIN)
    assert not (tmp_path / "dot.txt").exists()


@pytest.mark.parametrize("body", [f"print({SVG!r})\nsys.exit(1)", "print('no picture')", "print('<svg><g>')"])
def test_we_draw_when_dot_fails(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_dot(tmp_path, monkeypatch, body)
    assert diagram_svg(BRANCHES) == model_svg(BRANCHES)
    assert (tmp_path / "dot.txt").exists()


def test_we_draw_without_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert diagram_svg(BRANCHES) == model_svg(BRANCHES)


def test_text_for_dot() -> None:
    text = dot_text(BRANCHES)
    assert text.count(" -> ") == 4 and '  "two" -> "\\"add\\\\"\n' in text
    assert '  "in" [label="Conv2D   4 \u00d7 4 \u00d7 2\\n1,234 parameters"]\n' in text
    assert '\\n\\"3x3\\\\   1,234 parameters"]' in text
