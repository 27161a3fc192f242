"""`convlet compile`: an int8 `.tflite` to a `.cvl`."""

from __future__ import annotations

from pathlib import Path

import click

from convlet.cli import Session
from convlet.compile import compile_file, read_labels
from convlet.variants import PREFERENCES


@click.command()
@click.argument("tflite", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Default: the model's name with .cvl")
@click.option("--labels", help="A file with a class a line, or the classes with commas between them.")
@click.option(
    "--vectors", type=click.IntRange(0, 100), default=1, show_default=True, help="Test vectors in the file."
)
@click.option(
    "--prefer",
    type=click.Choice(PREFERENCES),
    default="balance",
    show_default=True,
    help="The smallest arena, the fastest plan, or the fastest within 1.5 times the smallest arena.",
)
@click.pass_obj
def command(
    session: Session, tflite: Path, out: Path | None, labels: str | None, vectors: int, prefer: str
) -> None:
    """Compile an int8 TFLITE file to a .cvl file."""
    target = out or tflite.with_suffix(".cvl")
    compiled = compile_file(tflite, target, _labels(labels), vectors, prefer)
    plan, program = compiled.plan, compiled.program
    session.console.print(
        f"{target}: {len(compiled.cvl):,} bytes ({tflite.name}: {tflite.stat().st_size:,}), "
        f"{len(program.nodes)} operators, {program.macs:,} MACs\n"
        f"arena: {plan.arena_bytes:,} bytes ({plan.tensor_bytes:,} tensors, {plan.state_bytes:,} engine)",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _labels(labels: str | None) -> list[str]:
    if not labels:
        return []
    return read_labels(Path(labels)) if Path(labels).is_file() else labels.split(",")
