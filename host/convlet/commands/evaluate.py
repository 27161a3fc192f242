"""`convlet evaluate`: how often a model is right, over a whole data set, here or on a board."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from convlet import on_board
from convlet.array_files import IMAGES, LABELS, load_arrays
from convlet.cli import Session, examples, json_option
from convlet.console import plain_table
from convlet.cvl_file import open_model, read_cvl_at
from convlet.engine import Model
from convlet.errors import ConvletError, VerifyError
from convlet.evaluate import accuracy, confusion_matrix
from convlet.files import read_file
from convlet.progress import SILENT, Progress
from convlet.quantization import quantize
from convlet.quantize import check_values
from convlet.serial_client import Answer

MOST_CLASSES = 20  # of a confusion matrix that a terminal shows


@click.command(
    epilog=examples(
        "convlet evaluate photos.test.npz",
        "convlet evaluate photos.test.npz --port /dev/ttyACM0 --against photos.cvl",
    )
)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--port", help="Ask the board there, such as /dev/ttyACM0, COM3 or socket://HOST:NUMBER.")
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    show_default="photos.cvl beside photos.test.npz",
    help="The .cvl file: on this computer, or with --port on the board.",
)
@click.option(
    "--attach",
    is_flag=True,
    help="With --port: device/serial_classify.py runs there already, with its model.",
)
@click.option(
    "--baud", type=click.IntRange(min=1), default=115200, show_default=True, help="With --attach: of a UART."
)
@click.option("--limit", type=click.IntRange(min=1), help="Take only the first so many samples.")
@click.option(
    "--against", type=click.Path(path_type=Path), help="Compare the scores with those of this .cvl file here."
)
@json_option
@click.pass_obj
def command(
    session: Session,
    data: Path,
    port: str | None,
    model: Path | None,
    attach: bool,
    baud: int,
    limit: int | None,
    against: Path | None,
    as_json: bool,
) -> None:
    """Count how many of the samples in DATA a model gets right: on this computer, or one by one on a board.

    DATA is a .npz file with `images`, float32 [N, ...], and `labels`, int [N], as `convlet train` leaves it; for a
    model of several inputs also with `images_2`, `images_3` and so on, which --port does not take. A stream is compared
    by `convlet verify --stream`.
    """
    if attach and not port:
        raise click.UsageError("--attach needs the --port of the board")
    read_file(data, "the samples")  # before the model that belongs to them is looked for
    model = model or _model_of(data, port is not None)
    here = None if port else open_model(model)
    inputs, labels = _load_samples(data, len(here.input_shapes) if here else 1, limit)
    expected = None if against is None else _answers_here(against, open_model(against), inputs)
    repeated = 0
    if here:
        answers = _answers_here(model, here, inputs, session.progress)
    else:
        assert port
        board = (
            on_board.running_serial_classifier(port, baud)
            if attach
            else on_board.serial_classifier(port, str(model))
        )
        with board as client:
            answers = on_board.classify_all(client, inputs[0], progress=session.progress)
            repeated = client.repeated
    scores = _scores(answers)
    if labels.max() >= scores.shape[1]:
        raise ConvletError(
            f"{data} has labels up to {labels.max()}, the model gives {scores.shape[1]} scores: is it another one?"
        )
    times = sorted(answer.microseconds for answer in answers)
    right = round(accuracy(scores, labels) * len(labels))
    confusion = confusion_matrix(scores, labels, scores.shape[1])
    differ = None if expected is None else int(np.count_nonzero((scores != _scores(expected)).any(axis=1)))
    if as_json:
        session.print_json(
            {
                "images": len(labels),
                "right": right,
                "confusion": confusion.tolist(),
                "microseconds": [answer.microseconds for answer in answers],
                "scores": scores.tolist(),
                "repeated": repeated,
                "differ": differ,
            }
        )
    else:
        if len(confusion) <= MOST_CLASSES:
            names = here.labels if here else ()  # a board does not tell them
            session.console.print(_confusion_table(confusion, names))
            session.console.print("rows: true classes; columns: what the model says", style="dim")
        _print_summary(session, labels, right, times, repeated if port else None)
        if differ is not None:
            session.console.print(f"{differ} of {len(scores):,} differ from {against}", highlight=False)
    if differ:
        where = "the board" if port else f"{model}"
        raise VerifyError(f"{where} does not give the scores of {against}: is it the same model?")


def _model_of(data: Path, is_on_board: bool) -> Path:
    """The model that belongs to the samples: on a board in its root folder, here beside them."""
    name = f"{data.name.removesuffix('.npz').removesuffix('.test')}.cvl"
    return Path(name) if is_on_board else data.parent / name


def _confusion_table(confusion: NDArray[np.int64], names: Sequence[str]) -> Table:
    table = plain_table("Class", *map(str, range(len(confusion))), words=1)
    for label, row in enumerate(confusion):
        cells = [Text(str(count or "."), "bold" if n == label else "") for n, count in enumerate(row)]
        named = bool(names) and names[label] != str(label)
        table.add_row(Text(f"{label} {names[label]}" if named else str(label)), *cells)
    return table


def _print_summary(
    session: Session, labels: NDArray[np.int64], right: int, times: Sequence[int], repeated: int | None
) -> None:
    """`times` in microseconds, from the shortest to the longest; `repeated`: lines to a board."""
    sent_again = "" if repeated is None else f"; {repeated} lines sent again"
    session.say(
        f"{right:,} of {len(labels):,} right ({right / len(labels):.1%}); one inference {times[len(times) // 2]:,} us "
        f"({times[0]:,} to {times[-1]:,}){sent_again}"
    )


def _load_samples(
    path: Path, inputs: int, limit: int | None
) -> tuple[list[NDArray[np.float32]], NDArray[np.int64]]:
    """What goes into each input of a model, and the classes."""
    names = (IMAGES, *(f"{IMAGES}_{number}" for number in range(2, inputs + 1)))
    *images, labels = load_arrays(path, "the samples", (*names, LABELS))
    if labels.ndim > 1 and len(labels):
        raise ConvletError(
            f"{path} has labels of shape {labels.shape}, for each step; expected one for each sample\n"
            "A model for steps is compared by: convlet verify MODEL.tflite --stream"
        )
    for name, array in zip(names, images, strict=True):
        if labels.shape != array.shape[:1] or not len(array):
            raise ConvletError(
                f"{path} holds {len(array)} {name} and labels of shape {labels.shape}, expected one for each of them"
            )
    if labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ConvletError(
            f"the labels in {path} are {labels.dtype}, expected whole numbers from 0, of classes"
        )
    return [check_values(array[:limit], str(path)) for array in images], labels[:limit].astype(np.int64)


def _scores(answers: Sequence[Answer]) -> NDArray[np.int8]:
    """int8[N, outputs]"""
    return np.array([answer.scores for answer in answers])


def _answers_here(
    path: Path, model: Model, inputs: Sequence[NDArray[np.float32]], progress: Progress = SILENT
) -> list[Answer]:
    """What the model of the .cvl file gives on this computer."""
    if len(model.input_shapes) != len(inputs):
        raise ConvletError(f"{path} has {len(model.input_shapes)} inputs, expected {len(inputs)}")
    quantized = []
    for images, shape, port in zip(inputs, model.input_shapes, read_cvl_at(path).ports, strict=False):
        if images[0].size != np.prod(shape):
            found, wanted = (" x ".join(map(str, each)) for each in (images.shape[1:], shape))
            raise ConvletError(f"the images are {found}, the input of {path} is {wanted}")
        quantized.append(quantize(images, port["scale"], port["zero_point"]))
    answers = []
    with progress.bar(f"{len(inputs[0])} images", total=len(inputs[0])) as advance:
        for sample in zip(*quantized, strict=True):
            answers.append(_answer(path, model, sample))
            advance(1)
    return answers


def _answer(path: Path, model: Model, sample: Sequence[NDArray[np.int8]]) -> Answer:
    start = time.perf_counter_ns()
    try:
        scores = np.array(model.run(*sample))
    except ValueError as error:
        raise ConvletError(f"{path}: {error}") from error
    return Answer(scores, (time.perf_counter_ns() - start) // 1000)
