"""The report as one HTML page that needs nothing else: styles and pictures are in it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from convlet import __version__
from convlet.bench_build import CORES
from convlet.board_profile import CLOCK_HZ
from convlet.report.about import data_section, model_section, training_section
from convlet.report.answers import accuracy_section, answers_section, confusion_section
from convlet.report.costs import arena_section, cost_section, quantisation_section
from convlet.report.facts import ENGINE, Facts
from convlet.report.words import bytes_text, large_number, time_text
from convlet.tasks import Classification

SECTIONS: Sequence[Callable[[Facts], str]] = (
    data_section,
    model_section,
    training_section,
    accuracy_section,
    confusion_section,
    answers_section,
    quantisation_section,
    cost_section,
    arena_section,
)


def render(facts: Facts) -> str:
    """The page.

    >>> from convlet.report.facts import gather
    >>> render(gather(Path())).startswith("<!doctype html>")
    True
    """
    style = (Path(__file__).parent / "style.css").read_text()
    body = "".join(section(facts) for section in SECTIONS)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(facts.name)}: report</title><style>{style}</style></head>\n<body><main>\n"
        f"{_header(facts)}{body}{_footer(facts)}\n</main>\n"
        f'<script type="application/json" id="numbers">{_json(numbers(facts))}</script>\n</body></html>\n'
    )


def numbers(facts: Facts) -> dict[str, Any]:
    """The figures of the page as data, which it holds too."""
    return {
        "name": facts.name,
        "measure": facts.task.measure,
        "test_samples": len(facts.test),
        "keras_score": facts.metrics.keras_score,
        "runs": [
            {
                "title": run.title,
                "score": run.score,
                "bytes": run.file_bytes,
                "samples": len(run.outputs),
                "differ": run.differ,
            }
            for run in facts.runs
        ],
        "reference_mismatches": facts.verified.reference_mismatches,
        "engine_mismatches": facts.verified.engine_mismatches,
        "arena_bytes": facts.layout.plan.arena_bytes,
        "macs": facts.compiled.program.macs,
        "instructions": {each.core: each.instructions for each in facts.measurements},
        "cycles_on_pico": facts.pico.profile.cycles if facts.pico else None,
        "profile_on_pico": [asdict(each) for each in facts.pico.profile.operators] if facts.pico else None,
        "layers": [
            {
                "kind": layer.kind,
                "shape": layer.shape,
                "macs": layer.macs,
                "weight_bytes": layer.weight_bytes,
                "arena_bytes": layer.arena_bytes,
                "instructions": layer.instructions,
                "snr_db": _finite(layer.noise.snr_db) if layer.noise else None,
                "own_db": _finite(layer.noise.own_db) if layer.noise else None,
            }
            for layer in facts.layers
        ],
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _json(data: Any) -> str:
    return json.dumps(data).replace("<", "\\u003c")  # no tag may end the script


def _header(facts: Facts) -> str:
    cells = "".join(
        f'<div class="tile"><b>{value}</b><span>{text}</span></div>' for value, text in _tiles(facts)
    )
    return (
        f'<header><span class="kicker">Convlet report</span><h1>{escape(facts.name)}</h1>'
        f'<p>{_verdict(facts)}</p></header><div class="tiles">{cells}</div>\n'
    )


def _verdict(facts: Facts) -> str:
    score, count = facts.task.text(_engine_score(facts)), len(facts.test)
    if isinstance(facts.task, Classification):
        steps = "the steps of " if facts.test.labels.ndim > 1 else ""
        reached = f"is right for {score} of {steps}{count:,} test samples"
    else:
        reached = f"reaches {score} on {count:,} test samples"
    return (
        f"A model of {facts.metrics.parameters:,} parameters. As int8 it {reached} that it has never seen, in "
        f"{facts.layout.plan.arena_bytes:,} bytes of RAM. Convlet gives TFLM's bits for every one of them."
    )


def _engine_score(facts: Facts) -> float:
    run = facts.run(ENGINE)
    assert run is not None
    return run.score


def _tiles(facts: Facts) -> list[tuple[str, str]]:
    """The figures that are seen first, and what they are."""
    measure, keras = facts.task.measure, facts.task.text(facts.metrics.keras_score)
    tiles = [
        (facts.task.text(_engine_score(facts)), f"{measure} of int8; float has {keras}"),
        (bytes_text(facts.layout.plan.arena_bytes), "of RAM: all tensors and the engine's state"),
        (bytes_text(facts.cvl_bytes), "of flash: the model's file, read where it lies"),
        (large_number(facts.compiled.program.macs), "multiplications of one inference"),
    ]
    if facts.measurements:
        first = facts.measurements[0]
        tiles.append((large_number(first.instructions), f"instructions on a {CORES[first.core].title}"))
    if facts.pico:
        megahertz = CLOCK_HZ // 1_000_000
        tiles.append(
            (time_text(facts.pico.profile.cycles / CLOCK_HZ), f"on an emulated Pico at {megahertz} MHz")
        )
    return tiles


def _footer(facts: Facts) -> str:
    return (
        f"<footer>Made by <code>convlet report</code> {__version__}; epochs of training: {facts.metrics.epochs}, "
        f"seed {facts.metrics.seed}. Instructions are counted in QEMU, cycles in an emulator of the RP2040: "
        "nothing here has run on real silicon.</footer>"
    )
