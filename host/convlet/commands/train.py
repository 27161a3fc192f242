"""`convlet train`: a model of the zoo, from data to int8 `.tflite`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from rich import box
from rich.table import Table
from rich.text import Text

from convlet.cli import Session, examples, json_option, out_option
from convlet.errors import ConvletError
from convlet.own_data import AUGMENTATIONS, CLASSIFIERS, own_recipe
from convlet.recipe import Recipe
from convlet.train import SEED, Trained, train_recipe
from convlet.training_advice import advice_of
from convlet.training_record import class_counts, read_record
from convlet.zoo import NAMES, find_recipe


class TrainCommand(click.Command):
    """Its help lists the zoo."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        with formatter.section("Models"):
            formatter.write_dl([(name, find_recipe(name).summary) for name in NAMES])


def _parse_size(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """HEIGHTxWIDTH, or one number for both."""
    if value is None:
        return None
    words = value.lower().split("x")
    if len(words) > 2 or not all(word.isdecimal() and int(word) for word in words):
        raise click.BadParameter(f"{value} is no size; expected one such as 32x32")
    return int(words[0]), int(words[-1])


@click.command(
    cls=TrainCommand,
    epilog=examples("convlet train digits", "convlet train --data photos --size 32x32 --augment shift"),
)
@click.argument("name", type=click.Choice(NAMES), metavar="[NAME]", required=False)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Your own data: a folder with a folder for each class, of pictures (.npy of bytes too), or of series as .npy "
    "or .csv; or an .npz file with images and labels.",
)
@click.option(
    "--model",
    metavar="NAME|FILE.keras",
    show_default="lenet5, for series motion_conv1d",
    help=f"With --data: {', '.join(CLASSIFIERS)}, or your own Keras model.",
)
@click.option(
    "--size",
    callback=_parse_size,
    metavar="HxW",
    show_default="what the model takes",
    help="With --data: scale pictures to it.",
)
@click.option(
    "--colour",
    type=click.Choice(["grey", "rgb"]),
    show_default="what the model takes",
    help="With --data: make pictures grey, or keep colours.",
)
@click.option(
    "--augment",
    type=click.Choice(list(AUGMENTATIONS)),
    multiple=True,
    help="With --data: change the inputs at random while the model learns; may be given several times.",
)
@out_option("Folder for the results.", show_default="NAME, or DATA-model")
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    help="How often to go through the data.",
    show_default="what suits the model",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=SEED,
    show_default=True,
    help="Of the first weights, and of the split of --data.",
)
@click.option("--deterministic", is_flag=True, help="The same bytes in every run (a little slower).")
@json_option
@click.pass_obj
def command(
    session: Session,
    name: str | None,
    data: Path | None,
    model: str | None,
    size: tuple[int, int] | None,
    colour: str | None,
    augment: tuple[str, ...],
    out: Path | None,
    epochs: int | None,
    seed: int,
    deterministic: bool,
    as_json: bool,
) -> None:
    """Train the zoo's model NAME, or a model on data of your own, and quantise it to int8 .tflite.

    Ctrl-C ends the training early: the best weights so far are written, and the exit code is 130.
    """
    if (name is None) == (data is None):
        raise click.UsageError("give the NAME of a model of the zoo, or --data, and with that --model")
    if data is None and (model or size or colour or augment):
        raise click.UsageError("--model, --size, --colour and --augment go with --data")
    if data is not None:
        stem = data.resolve().stem
        out = out or Path(f"{stem}-model")
        if out.resolve().is_relative_to(data.resolve()):
            raise ConvletError(
                f"{out} lies in the data, of which it would become a class: choose another --out"
            )
        channels = {"grey": 1, "rgb": 3, None: None}[colour]
        recipe = own_recipe(
            stem,
            data,
            model,
            size=size,
            channels=channels,
            augment=augment,
            seed=seed,
            progress=session.progress,
        )
        if not as_json:
            _show_balance(session, recipe)
    else:
        recipe = find_recipe(name or "")
    trained = train_recipe(
        recipe,
        out or Path(recipe.name),
        epochs=epochs,
        seed=seed,
        deterministic=deterministic,
        progress=session.progress,
    )
    advice = advice_of(trained.metrics, read_record(trained.files.record))
    if as_json:
        files = {"keras": trained.files.keras, "tflite": trained.files.tflite, "labels": trained.files.labels}
        paths = {kind: str(path) for kind, path in files.items() if path.exists()}
        facts = {"files": paths, "interrupted": trained.interrupted, "advice": advice}
        session.print_json(facts | asdict(trained.metrics))
    else:
        session.console.print(_table(trained))
        for sentence in advice:
            session.console.print(Text.assemble(("warning: ", "bold yellow"), sentence), highlight=False)
        _say_what_next(session, trained)
    if trained.interrupted:
        raise click.exceptions.Exit(130)


def _show_balance(session: Session, recipe: Recipe) -> None:
    table = Table("Class", "Train", "Validation", "Test", "Share", box=box.SIMPLE, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    data = recipe.load_data()
    counts = list(zip(*class_counts(data).values(), strict=True))
    total = sum(map(sum, counts))
    for name, parts in zip(data.class_names, counts, strict=True):
        table.add_row(Text(name), *map(str, parts), f"{sum(parts) / total:.0%}")
    session.console.print(table)


def _say_what_next(session: Session, trained: Trained) -> None:
    files = trained.files
    session.say(f"Results are in {files.folder}")
    if files.labels.exists():
        session.say(f"Next: convlet compile {files.tflite} --labels {files.labels}")


def _table(trained: Trained) -> Table:
    metrics, files = trained.metrics, trained.files
    task = trained.recipe.task
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
