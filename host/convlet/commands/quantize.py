"""`convlet quantize`: a model of one's own to int8 `.tflite`, and what that costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from convlet.array_files import load_labelled, load_samples
from convlet.calibration import METHODS, PERCENTILE
from convlet.calibration_table import Choice, compare
from convlet.cli import Session, examples, json_option, out_option
from convlet.console import plain_table
from convlet.errors import ConvletError
from convlet.file_kinds import TFLITE, read_kind, require_keras
from convlet.quantize import MIN_MAX, is_tflite, quantize
from convlet.signal_to_noise import MOST_SAMPLES, LayerNoise, measure_noise, warnings_of


@click.command(
    epilog=examples(
        "convlet quantize model.keras --data samples.npy",
        "convlet quantize model.keras --data samples.npy --compare test.npz",
    )
)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    help="Some inputs as the model will get them: .npy, or .npz with one array or one named images, [N, ...input].",
)
@out_option("File to write.", show_default="MODEL with .tflite, or with .int8.tflite")
@click.option(
    "--calibration",
    type=click.Choice(list(METHODS)),
    default=MIN_MAX,
    show_default=True,
    help=f"The range of each tensor: all values (min-max), the middle {PERCENTILE} % of them (percentile), or that "
    "with the least squared error (mse).",
)
@click.option(
    "--compare",
    "labelled",
    type=click.Path(path_type=Path),
    help="Write nothing; compare all calibrations on this .npz with images and labels.",
)
@json_option
@click.pass_obj
def command(
    session: Session,
    model: Path,
    data: Path,
    out: Path | None,
    calibration: str,
    labelled: Path | None,
    as_json: bool,
) -> None:
    """Quantise MODEL, .keras or float .tflite, to int8 .tflite: batch 1, int8 input and output.

    A .keras file with --calibration min-max is quantised by TensorFlow, all else by ai-edge-quantizer.
    """
    if is_tflite(model):
        read_kind(model, TFLITE, "the model")
    else:
        require_keras(model)
    samples = load_samples(data)
    if labelled:
        choices = compare(model, samples, *load_labelled(labelled), session.progress)
        if as_json:
            session.print_json([_plain(asdict(choice)) for choice in choices])
        else:
            session.console.print(_choices_table(choices))
        return
    out = out or model.with_suffix(".int8.tflite" if is_tflite(model) else ".tflite")
    if out.resolve() == model.resolve():
        raise ConvletError(f"{out} is the model itself: name another file with -o")
    made = quantize(model, samples, out, session.progress, calibration)
    layers = measure_noise(made.float_tflite, made.tflite, samples, session.progress)
    if as_json:
        session.print_json({"tflite": str(out), "layers": [_plain(asdict(layer)) for layer in layers]})
        return
    session.console.print(_noise_table(layers, min(len(samples), MOST_SAMPLES)))
    for warning in warnings_of(layers):
        session.console.print(Text.assemble(("warning: ", "bold yellow"), warning), highlight=False)
    session.say(f"{out}: {len(made.tflite):,} bytes")


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Without what JSON has no number for: an infinite ratio is null."""
    return {
        name: None if isinstance(value, float) and math.isinf(value) else value
        for name, value in fields.items()
    }


def _noise_table(layers: Sequence[LayerNoise], samples: int) -> Table:
    names = ("#", "Operator", "Output", "SNR, dB", "alone, dB", "Saturated", "Range used")
    table = plain_table(*names, words=3)
    for layer in layers:
        table.add_row(
            str(layer.position) if layer.position >= 0 else "",
            layer.kind,
            "x".join(map(str, layer.shape)),
            decibels(layer.snr_db),
            decibels(layer.own_db),
            f"{layer.saturated:.2%}" if layer.saturated else "",
            f"{layer.spread:.0%}",
            style="bold red" if layer.is_noisy else "",
        )
    table.caption = f"int8 against float on {samples:,} samples; alone: only this layer in int8"
    return table


def decibels(value: float) -> str:
    """A ratio in dB; what is above 100 is no difference that float32 could show."""
    return "exact" if value > 100 else f"{value:.1f}"


def _choices_table(choices: Sequence[Choice]) -> Table:
    names = ("Calibration", "Quantised by", "Accuracy", "SNR, dB", "Noisy layers", "Bytes")
    table = plain_table(*names, words=2)
    for each in choices:
        is_int8 = bool(each.quantizer)
        table.add_row(
            each.calibration,
            each.quantizer,
            f"{each.accuracy:.2%}",
            decibels(each.snr_db) if is_int8 else "",
            str(each.noisy) if is_int8 else "",
            f"{each.tflite_bytes:,}",
        )
    table.caption = "SNR: of the outputs, int8 against float"
    return table
