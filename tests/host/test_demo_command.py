"""What `convlet demo` says of its figures; tests/firmware does what the demo does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from chain import digits_chain
from convlet import cli
from convlet.compile import compile_tflite
from convlet.demo import Demo, OnPico
from convlet.evaluate import Quantization
from convlet.firmware import Added
from convlet.train import Metrics
from convlet.verify import Verified

COMPILED = compile_tflite(digits_chain().build())
METRICS = Metrics(
    epochs=7,
    seed=0,
    parameters=800,
    test_images=360,
    measure="accuracy",
    keras_score=0.981,
    float_tflite_score=0.98,
    int8_tflite_score=0.975,
    int8_interpreter="tflite-micro",
    keras_bytes=35_480,
    float_tflite_bytes=6_000,
    int8_tflite_bytes=3_472,
    input=Quantization(1 / 255, -128),
    output=Quantization(1 / 256, -128),
)
DEMO = Demo(
    metrics=METRICS,
    compiled=COMPILED,
    verified=Verified(1_360, 0, 3, np.zeros((1_360, 10), np.int8), "tflite-micro"),
    added=Added(30_768, 4),
    added_for_digits=Added(13_752, 0),
    pico=OnPico(np.zeros((360, 10), np.int8), 25_000, ""),
    accuracy=0.975,
    pico_accuracy=0.972,
    pico_mismatches=2,
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, bool]]:
    """Folder and --deterministic of each run of the demo, which gives DEMO."""
    calls: list[tuple[Path, bool]] = []

    def run_demo(folder: Path, *, deterministic: bool, progress: object) -> Demo:
        calls.append((folder, deterministic))
        return DEMO

    monkeypatch.setattr("convlet.commands.demo.run_demo", run_demo)
    return calls


def test_json_has_the_figures(asked: list[tuple[Path, bool]], capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["demo", "--json", "--deterministic", "-o", "there"])
    assert json.loads(capsys.readouterr().out) == {
        "folder": "there",
        "keras_accuracy": 0.981,
        "accuracy": 0.975,
        "pico_accuracy": 0.972,
        "mismatches": 3,
        "pico_mismatches": 2,
        "cvl_bytes": len(COMPILED.cvl),
        "arena_bytes": 244,
        "pico_cycles": 25_000,
        "added": {"flash_bytes": 30_768, "ram_bytes": 4},
        "added_for_digits": {"flash_bytes": 13_752, "ram_bytes": 0},
    }
    assert asked == [(Path("there"), True)]


def test_table_has_them_too(asked: list[tuple[Path, bool]], capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["demo"])
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split("│")[1].strip(): line.split("│")[2:-1] for line in lines if line.startswith("│")}
    size = f"{len(COMPILED.cvl):,}"
    assert {name: [cell.strip() for cell in cells] for name, cells in rows.items()} == {
        "Keras, float": ["98.1%", "35,480", "", ""],
        ".tflite int8, TFLM": ["97.5%", "3,472", "", ""],
        ".cvl, this computer": ["97.5%", size, "244", "3 of 1,360"],
        ".cvl, Pico": ["97.2%", size, "244", "2 of 360"],
    }
    text = " ".join(" ".join(lines).split())
    assert "25,000 cycles, 200 microseconds at 125 MHz" in text
    assert (
        "30,768 bytes of flash and 4 of RAM" in text and "13,752 bytes. The files are in build/demo" in text
    )
    assert asked == [(Path("build/demo"), False)]
