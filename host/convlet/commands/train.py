"""`convlet train`: a model of the zoo, from data to int8 `.tflite`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from convlet.cli import Session
from convlet.train import SEED, Trained, train
from convlet.zoo import NAMES, find_recipe


class TrainCommand(click.Command):
    """Its help lists the zoo."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Models"):
            formatter.write_dl([(name, find_recipe(name).summary) for name in NAMES])


@click.command(cls=TrainCommand)
@click.argument("name", type=click.Choice(NAMES), metavar="NAME")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the results. Default: ./NAME")
@click.option("--epochs", type=click.IntRange(min=1), help="Default: as the model's recipe says.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=SEED, show_default=True)
@click.option("--deterministic", is_flag=True, help="The same bytes in every run (a little slower).")
@click.pass_obj
def command(
    session: Session, name: str, out: Path | None, epochs: int | None, seed: int, deterministic: bool
) -> None:
    """Train the zoo's model NAME and quantise it to int8 .tflite."""
    trained = train(
        name,
        out or Path(name),
        epochs=epochs,
        seed=seed,
        deterministic=deterministic,
        progress=session.progress,
    )
    session.console.print(_table(trained))
    session.console.print(
        f"Results are in {trained.files.folder}", markup=False, highlight=False, soft_wrap=True
    )


def _table(trained: Trained) -> Table:
    metrics, files = trained.metrics, trained.files
    task = find_recipe(files.name).task
    table = Table("Model", "File", "Bytes", task.measure, caption=f"on {metrics.test_images:,} test samples")
    for column in table.columns[2:]:
        column.justify = "right"
    rows = (
        ("Keras, float", files.keras, metrics.keras_bytes, metrics.keras_score),
        ("TFLite, float", files.float_tflite, metrics.float_tflite_bytes, metrics.float_tflite_score),
        ("TFLite, int8", files.tflite, metrics.int8_tflite_bytes, metrics.int8_tflite_score),
    )
    for model, path, size, score in rows:
        table.add_row(model, path.name, f"{size:,}", task.text(score))
    return table
