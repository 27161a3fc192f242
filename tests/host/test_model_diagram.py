"""The diagram of a model: what stands where, read back from the SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

from convlet.model_diagram import model_svg
from convlet.training_record import Layer

SVG = "{http://www.w3.org/2000/svg}"


def layer(name: str, kind: str, *inputs: str, parameters: int = 0) -> Layer:
    return Layer(name, kind, (4, 4, 2), parameters, "3x3" if kind == "Conv2D" else "", inputs)


RESIDUAL = (
    layer("in", "InputLayer"),
    layer("one", "Conv2D", "in", parameters=1234),
    layer("two", "Conv2D", "one"),
    layer("side", "Conv2D", "in"),
    layer("add", "Add", "two", "side"),
    layer("<out>", "Dense", "add"),
)


def boxes(svg: str) -> dict[str, tuple[int, int, list[str]]]:
    """By the layer's name: left, top, and the texts in its box."""
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        box = group.find(f"{SVG}rect[@class='box']")
        assert box is not None
        texts = [text.text or "" for text in group.findall(f"{SVG}text")]
        found[group.findtext(f"{SVG}title") or ""] = int(box.attrib["x"]), int(box.attrib["y"]), texts
    return found


def test_every_layer_has_a_box_with_its_kind_shape_and_parameters() -> None:
    found = boxes(model_svg(RESIDUAL))
    assert list(found) == [each.name for each in RESIDUAL]
    assert found["one"][2] == ["Conv2D", "4 \u00d7 4 \u00d7 2", "3x3", "1,234 parameters"]
    assert found["in"][2][0] == "Input"


def test_readers_lie_below_and_branches_side_by_side() -> None:
    found = boxes(model_svg(RESIDUAL))
    for each in RESIDUAL:
        assert all(found[name][1] < found[each.name][1] for name in each.inputs)
    assert found["one"][1] == found["side"][1]
    assert len({(x, y) for x, y, _ in found.values()}) == len(RESIDUAL)
    # The way that goes on stays in its column.
    assert found["in"][0] == found["one"][0] == found["two"][0] == found["add"][0] < found["side"][0]


def test_there_is_an_arrow_for_each_input() -> None:
    svg = model_svg(RESIDUAL)
    assert len(re.findall('class="arrow"', svg)) == sum(len(each.inputs) for each in RESIDUAL)


def test_no_layer_lies_in_the_way_of_an_arrow_that_passes() -> None:
    # `side` is read two rows below: nothing may take its column in between.
    layers = (
        *RESIDUAL[:4],
        layer("three", "Conv2D", "one"),
        layer("add", "Add", "two", "three", "side"),
    )
    found = boxes(model_svg(layers))
    assert found["three"][0] not in (found["side"][0], found["two"][0])


def test_the_picture_holds_all_boxes() -> None:
    root = ElementTree.fromstring(model_svg(RESIDUAL))
    width, height = int(root.attrib["width"]), int(root.attrib["height"])
    for x, y, _ in boxes(model_svg(RESIDUAL)).values():
        assert 0 <= x <= width - 276
        assert 0 <= y <= height - 52
