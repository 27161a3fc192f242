"""`convlet quantize`: a Keras model of one's own to int8 `.tflite`."""

from __future__ import annotations

from pathlib import Path

import click

from convlet.cli import Session
from convlet.quantize import load_samples, quantize


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    help="Representative inputs: .npy, or .npz with one array or one named images; shape [N, ...input].",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Default: MODEL with suffix .tflite.")
@click.pass_obj
def command(session: Session, model: Path, data: Path, output: Path | None) -> None:
    """Quantise a Keras MODEL (.keras) to an int8 .tflite: batch 1, int8 input and output."""
    output = output or model.with_suffix(".tflite")
    quantize(model, load_samples(data), output, session.progress)
    session.console.print(
        f"{output}: {output.stat().st_size:,} bytes", markup=False, highlight=False, soft_wrap=True
    )
