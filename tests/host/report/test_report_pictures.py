"""The pictures of a report: read back from the text that they are."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from chain import digits_chain, program_of
from convlet.layout import layout_of
from convlet.plan import plan
from convlet.report.pictures import arena_picture, curve_chart, sample_picture
from PIL import Image

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_is_a_png_of_its_pixels(channels: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (5, 7, channels)).astype(np.uint8)
    html = sample_picture(pixels.astype(np.float32) / 255, 'a "7"')
    assert 'alt="a &quot;7&quot;" width="7" height="5"' in html
    found = re.search('base64,([^"]+)', html)
    assert found
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[1]))))
    np.testing.assert_array_equal(picture.reshape(pixels.shape), pixels)


def test_a_series_is_a_line_for_each_channel() -> None:
    root = ElementTree.fromstring(sample_picture(np.array([[0.0, 1], [1, 0], [0, 1]], np.float32), "motion"))
    lines = [line.attrib["points"] for line in root]
    assert lines == ["0.0,39.0 30.0,1.0 60.0,39.0", "0.0,1.0 30.0,39.0 60.0,1.0"]


def test_curves_end_where_their_last_values_are() -> None:
    lines = [("training", "red", [0.2, 0.6, 1.0]), ("validation", "blue", [0.2, 0.4, 0.6])]
    html = curve_chart("Accuracy", lines, True)
    assert "training <b>100.0%</b>" in html
    assert "validation <b>60.0%</b>" in html
    svg = ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])
    heights = {text.text: float(text.attrib["y"]) - 4 for text in svg.iter("text")}
    red, blue = (
        [[float(x) for x in point.split(",")] for point in line.attrib["points"].split()]
        for line in svg.iter("polyline")
    )
    assert red[0] == blue[0]
    assert red[0][1] == pytest.approx(heights["20%"], abs=0.2)
    assert red[-1][1] == pytest.approx(heights["100%"], abs=0.2)
    assert blue[-1][1] == pytest.approx(heights["60%"], abs=0.2)


def test_a_single_epoch_is_a_point() -> None:
    assert curve_chart("Loss", [("training", "red", [0.5])], False).count("<circle") == 1


def test_the_arena_has_the_pages_colours_but_on_its_rows() -> None:
    program = program_of(digits_chain())
    svg = arena_picture(layout_of(program, plan(program)))
    root = ElementTree.fromstring(svg)
    assert "width" not in root.attrib
    fills = {
        text.text: re.search(r"fill: ([^;]+)", text.attrib["style"])[1]  # type: ignore[index]
        for text in root.iter(f"{SVG}text")
    }
    assert fills["offset in the arena, bytes"] == "var(--ink)"
    assert fills["0 INPUT 8x8x1"] == "var(--ink)"
    assert fills["state of the engine"] == "var(--ink)"  # in the legend, which is the last
    assert fills["0 INPUT"] == "#222222"
    assert [fill for text, fill in fills.items() if text and text.startswith("peak")] == ["var(--bad)"]
