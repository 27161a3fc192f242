"""`convlet demo`: from Keras to a Pico, and a table that says how it went."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from convlet.board_profile import CYCLES_PER_US
from convlet.cli import Session, examples, json_option, out_option
from convlet.demo import Demo, run_demo


@click.command(epilog=examples("convlet demo -o demo"))
@out_option("Folder for the results.", default=Path("build/demo"), show_default=True)
@click.option("--deterministic", is_flag=True, help="Train to the same bytes in every run (a little slower).")
@json_option
@click.pass_obj
def command(session: Session, out: Path, deterministic: bool, as_json: bool) -> None:
    """Train, compile, and run the digits on an emulated Pico."""
    result = run_demo(out, deterministic=deterministic, progress=session.progress)
    if as_json:
        session.print_json(_as_data(out, result))
        return
    session.console.print(_table(result))
    session.console.print(
        f"One inference on the Pico: {result.pico.cycles:,} cycles, "
        f"{result.pico.cycles / CYCLES_PER_US:,.0f} microseconds at {CYCLES_PER_US} MHz. The module adds "
        f"{result.added.flash_bytes:,} bytes of flash and {result.added.ram_bytes:,} of RAM to the firmware; built for "
        f"this model only, {result.added_for_digits.flash_bytes:,} bytes.",
        highlight=False,
    )
    session.say(f"The files are in {out}")


def _as_data(folder: Path, result: Demo) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "keras_accuracy": result.metrics.keras_score,
        "accuracy": result.accuracy,
        "pico_accuracy": result.pico_accuracy,
        "mismatches": result.verified.engine_mismatches,
        "pico_mismatches": result.pico_mismatches,
        "cvl_bytes": len(result.compiled.cvl),
        "arena_bytes": result.compiled.plan.arena_bytes,
        "pico_cycles": result.pico.cycles,
        "added": asdict(result.added),
        "added_for_digits": asdict(result.added_for_digits),
    }


def _table(result: Demo) -> Table:
    metrics, compiled = result.metrics, result.compiled
    images = metrics.test_images
    table = Table("", "Accuracy", "Bytes", "Arena", "Differ from TFLM")
    for column in table.columns[1:]:
        column.justify = "right"
    size, arena = f"{len(compiled.cvl):,}", f"{compiled.plan.arena_bytes:,}"
    verified = f"{result.verified.engine_mismatches} of {result.verified.images:,}"
    table.add_row("Keras, float", f"{metrics.keras_score:.1%}", f"{metrics.keras_bytes:,}", "", "")
    table.add_row(".tflite int8, TFLM", f"{result.accuracy:.1%}", f"{metrics.int8_tflite_bytes:,}", "", "")
    table.add_row(".cvl, this computer", f"{result.accuracy:.1%}", size, arena, verified)
    table.add_row(
        ".cvl, Pico",
        f"{result.pico_accuracy:.1%}",
        size,
        arena,
        f"{result.pico_mismatches} of {images:,}",
    )
    return table
