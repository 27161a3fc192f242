"""`convlet report`: a page that stands alone, fits a phone, and says what `convlet bench` and `verify` say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from chromium import ARTIFACTS, layout, screenshot
from click.testing import CliRunner
from convlet.board_profile import OperatorCycles, PicoProfile
from convlet.cli import convlet as command_line
from convlet.evaluate import accuracy, confusion_matrix, run_float, run_int8
from convlet.report.answers import confusion_section
from convlet.report.facts import FLOAT, PICO, TFLM, Facts, gather
from convlet.report.on_pico import OnPico
from convlet.report.page import numbers, render
from PIL import Image

if TYPE_CHECKING:
    from conftest import Digits

PHONE, DESKTOP = 390, 1200
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """The texts of a page by section, its tables by section as lists of rows, and what it refers to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.section = ""
        self.texts: dict[str, str] = {}
        self.rows: dict[str, list[list[str]]] = {}
        self.references: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.references += [values[name] or "" for name in ("src", "href") if name in values]
        if tag == "section":
            self.section = values["id"] or ""
        if tag == "tr":
            self.rows.setdefault(self.section, []).append([])
        if tag in ("td", "th"):
            self.rows[self.section][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.texts[self.section] = self.texts.get(self.section, "") + data
        if {"td", "th"} & set(self.open) and self.rows.get(self.section):
            self.rows[self.section][-1][-1] += data


@pytest.fixture(scope="module")
def facts(digits: Digits) -> Facts:
    return gather(digits.folder)


@pytest.fixture(scope="module")
def html(facts: Facts) -> str:
    return render(facts)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.fixture(scope="module")
def bench_of_digits(digits: Digits) -> list[dict[str, Any]]:
    """What `convlet bench` prints."""
    arguments = ["bench", str(digits.tflite), "--json"]
    return json.loads(CliRunner().invoke(command_line, arguments, catch_exceptions=False).stdout)


def embedded(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="numbers">(.*?)</script>', html)
    assert found
    return json.loads(found[1])


def test_the_page_needs_no_network(html: str, page: Page) -> None:
    assert all(re.match(r"data:image/png;base64,|#", reference) for reference in page.references)
    assert len(page.references) > 100
    outside = set(re.findall(r"https?://[^\s\"'<>)]+", html))
    assert outside <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in html
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]+)\)", html))


def test_every_section_is_there(page: Page) -> None:
    assert list(page.texts)[1:] == [
        "data",
        "model",
        "training",
        "accuracy",
        "confusion",
        "answers",
        "quantisation",
        "cost",
        "arena",
    ]


def test_instructions_are_those_of_convlet_bench(
    html: str, page: Page, bench_of_digits: list[dict[str, Any]]
) -> None:
    data = embedded(html)
    assert data["instructions"] == {each["core"]: each["instructions"] for each in bench_of_digits}
    assert data["arena_bytes"] == bench_of_digits[0]["arena"]
    assert data["macs"] == bench_of_digits[0]["macs"]
    rows = page.rows["cost"]
    for index, layer in enumerate(data["layers"]):
        counts = [each["kernels"][index]["instructions"] for each in bench_of_digits]
        assert list(layer["instructions"].values()) == counts
        assert rows[1 + index][6:8] == [f"{count:,}" for count in counts]
        assert rows[1 + index][0].strip() == f"{index} {layer['kind']}"
    assert rows[-2][6:8] == [f"{each['schedule']:,}" for each in bench_of_digits]
    assert rows[-1][2:8] == [
        f"{data['macs']:,}",
        f"{sum(layer['weight_bytes'] for layer in data['layers']):,}",
        f"{data['arena_bytes']:,}",
        "",
        *(f"{each['instructions']:,}" for each in bench_of_digits),
    ]


def test_cycles_of_the_board_stand_beside_the_instructions_and_add_up(facts: Facts) -> None:
    operators = tuple(
        OperatorCycles(layer.kind, layer.macs, 1000 * (layer.index + 1)) for layer in facts.layers
    )
    run = replace(facts.runs[-1], title=PICO)
    pico = OnPico(np.zeros((1, 10), np.int8), PicoProfile(12_500, operators, 4), 1000)
    html = render(replace(facts, pico=pico, runs=[*facts.runs, run]))
    heads, *rows = Page(html).rows["cost"]
    assert heads[8] == "Pico, cycles"
    cycles = [int(row[8].replace(",", "")) for row in rows]
    assert cycles == [1000, 2000, 3000, 6500, 12_500] and sum(cycles[:-1]) == cycles[-1]
    assert "12,500 cycles on an emulated Pico" in html and "100 µs" in html
    assert embedded(html)["profile_on_pico"][1] == {"kind": "CONV_2D_MAX_POOL", "macs": 2592, "cycles": 2000}


def test_mismatches_are_those_of_convlet_verify(html: str, page: Page, digits: Digits) -> None:
    images = digits.folder / "digits.test.npz"
    arguments = ["verify", str(digits.tflite), "--images", str(images), "--random", "0"]
    done = CliRunner().invoke(command_line, arguments, catch_exceptions=False)
    data = embedded(html)
    assert (
        f"{data['test_samples']} images: {data['reference_mismatches']} differ in the numpy reference, "
        f"{data['engine_mismatches']} in the C engine"
    ) in done.stdout.replace("\n", " ")
    assert page.rows["accuracy"][4][3] == f"{data['engine_mismatches']} of {data['test_samples']}"


def test_scores_and_sizes_are_those_of_the_files(html: str, page: Page, digits: Digits) -> None:
    metrics = json.loads((digits.folder / "digits.metrics.json").read_text())
    cvl_bytes = digits.cvl.stat().st_size
    expected = [
        ("Keras, float", metrics["keras_score"], metrics["keras_bytes"]),
        ("float .tflite", metrics["float_tflite_score"], metrics["float_tflite_bytes"]),
        ("int8 .tflite, TFLM", metrics["int8_tflite_score"], metrics["int8_tflite_bytes"]),
        (".cvl, Convlet", metrics["int8_tflite_score"], cvl_bytes),
    ]
    assert [row[:3] for row in page.rows["accuracy"][1:]] == [
        [title, f"{score:.1%}", f"{size:,}"] for title, score, size in expected
    ]
    assert [(run["title"], run["score"], run["bytes"]) for run in embedded(html)["runs"]] == expected[1:]


def test_confusion_matrices_have_true_classes_down(page: Page, digits: Digits) -> None:
    real = run_float((digits.folder / "digits.float.tflite").read_bytes(), digits.images)
    int8 = run_int8(digits.tflite.read_bytes(), digits.images).outputs
    rows = page.rows["confusion"]
    for outputs, part in ((real, rows[:12]), (int8, rows[12:])):
        counts = confusion_matrix(outputs, digits.labels, 10)
        assert part[0][-1] == "predicted class"
        assert part[1][1:] == [str(label) for label in range(10)]
        assert part[2][0] == "true class"
        found = [row[-10:] for row in part[2:]]
        assert found == [[str(count) if count else "" for count in line] for line in counts.tolist()]
        assert [row[-11] for row in part[2:]] == [str(label) for label in range(10)]


def test_many_classes_have_their_mistakes_in_a_table_and_long_names_lose_their_middle(facts: Facts) -> None:
    many = replace(facts, labels=[f"{index}, a name of many letters" for index in range(31)])
    heads, *rows = Page(confusion_section(many)).rows["confusion"]
    assert heads == ["It is", "It is taken for", FLOAT, TFLM]
    run = facts.run(TFLM)
    assert run
    counts = facts.confusion(run)
    assert sum(int(cells[3]) for cells in rows) == counts.sum() - np.trace(counts)
    for true, taken, _, count in rows:
        assert counts[int(true[0]), int(taken[0])] == int(count) and "\u2026" in true


def test_the_worst_answers_come_first_and_wrong_ones_are_marked(html: str, digits: Digits) -> None:
    outputs = run_int8(digits.tflite.read_bytes(), digits.images).outputs.astype(int)
    wrong = int((outputs.argmax(axis=1) != digits.labels).sum())
    assert re.search(rf"\b{wrong} of 360 test samples are taken for another class", html)
    worst = html[html.index("The worst") : html.index("What int8 has changed")]
    kinds = re.findall(r'<figure class="(right|wrong)">', worst)
    assert kinds == ["wrong"] * min(wrong, 24) + ["right"] * max(0, 24 - wrong)
    margins = []
    for index in map(int, re.findall(r'alt="test sample (\d+)"', worst)):
        others = np.delete(outputs[index], digits.labels[index])
        margins.append(outputs[index][digits.labels[index]] - others.max())
    assert margins == sorted(margins)
    assert accuracy(outputs, digits.labels) == 1 - wrong / 360


def test_data_and_layers_are_shown(page: Page, digits: Digits) -> None:
    assert "1,078 to learn from, 359 to watch the training, 360 to measure with" in page.texts["data"]
    assert [row[0] for row in page.rows["model"][1:]] == ["image", "conv2d", "max_pool", "flatten", "logits"]
    assert "810 parameters in 5 layers" in page.texts["model"]


def test_bars_are_as_long_as_the_share_of_each_operator(html: str) -> None:
    bars = re.findall(r'<h3>([\d,]+) [^<]*</h3><div class="stack">(.*?)</div>', html)
    assert len(bars) >= 3
    for whole, pieces in bars:
        parts = re.findall(r'width:([\d.]+)%;[^>]*title="[^"]*: ([\d,]+)"', pieces)
        assert parts
        for percent, part in parts:
            share = int(part.replace(",", "")) / int(whole.replace(",", ""))
            assert float(percent) == pytest.approx(100 * share, abs=0.01)


def test_noise_is_shown_for_each_operator(html: str, page: Page, facts: Facts) -> None:
    rows = page.rows["quantisation"][1:]
    assert [row[0].strip() for row in rows] == [
        "INPUT",
        "0 CONV_2D",
        "1 MAX_POOL_2D",
        "2 RESHAPE",
        "3 FULLY_CONNECTED",
    ]
    assert [row[2] for row in rows] == [f"{layer.snr_db:.1f}" for layer in facts.noise]
    # The operators of the engine have the ratio of the tensor that they make.
    found = [layer["snr_db"] for layer in embedded(html)["layers"]]
    assert found == [facts.noise[index].snr_db for index in (0, 2, 4)]


def test_the_numbers_are_plain_data(facts: Facts, html: str) -> None:
    assert embedded(html) == json.loads(json.dumps(numbers(facts)))
    assert [run.title for run in facts.runs][:2] == [FLOAT, TFLM]


def check_in_chromium(html_path: Path, name: str) -> None:
    for width, kind in ((PHONE, "phone"), (DESKTOP, "desktop")):
        inner, wide, high, sticking_out = layout(html_path, width)
        assert inner == width
        assert (wide, sticking_out) == (width, [])
        assert 2000 < high < 20000
        picture = Image.open(screenshot(html_path, f"report_{name}_{kind}", width))
        assert picture.size == (width, high)


def test_digits_fit_a_phone_and_a_desktop(html: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html)
    check_in_chromium(path, "digits")
    light = ARTIFACTS / "report_digits_desktop.png"
    dark = screenshot(path, "report_digits_dark", DESKTOP, dark=True)
    ground_light, ground_dark = (
        Image.open(picture).convert("L").getpixel((5, 5)) for picture in (light, dark)
    )
    assert ground_light > 200
    assert ground_dark < 60


def test_lenet5_from_training_to_page(tmp_path: Path) -> None:
    convlet = [sys.executable, "-m", "convlet.cli"]
    folder = tmp_path / "lenet5"
    subprocess.run([*convlet, "-q", "train", "lenet5", "--epochs", "1", "--out", folder], check=True)
    with np.load(folder / "lenet5.test.npz") as split:  # fewer: the numpy reference takes 10 ms for each
        few = {name: split[name][:100] for name in split.files}
    np.savez(folder / "lenet5.test.npz", **few)
    done = subprocess.run([*convlet, "report", folder], check=True, capture_output=True, text=True)
    path = folder / "lenet5.report.html"
    assert f"{path}: {path.stat().st_size:,} bytes" in done.stdout
    data = embedded(path.read_text())
    assert data["macs"] == 416_520
    assert data["engine_mismatches"] == 0
    assert data["layers"][0]["kind"] == "INPUT"
    check_in_chromium(path, "lenet5")
    tflite, split = folder / "lenet5.tflite", folder / "lenet5.test.npz"
    bench, verify = (
        json.loads(subprocess.run([*convlet, *words, "--json"], check=True, capture_output=True).stdout)
        for words in (("bench", tflite), ("verify", tflite, "--images", split, "--random", "0"))
    )
    assert data["instructions"] == {each["core"]: each["instructions"] for each in bench}
    assert (data["test_samples"], verify["images"]) == (100, 100)
    assert (data["reference_mismatches"], data["engine_mismatches"]) == (
        verify["reference_mismatches"],
        verify["engine_mismatches"],
    )
