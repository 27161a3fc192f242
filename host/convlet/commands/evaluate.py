"""`convlet evaluate`: how often the model on a board is right, over a whole data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from convlet import on_board
from convlet.cli import Session, json_option
from convlet.engine import Model
from convlet.errors import ConvletError, VerifyError
from convlet.evaluate import accuracy
from convlet.files import read_file
from convlet.quantization import quantize


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--port", required=True, help="Such as /dev/ttyACM0, COM3 or socket://127.0.0.1:4321.")
@click.option("--model", default="digits.cvl", show_default=True, help="The file on the board.")
@click.option("--attach", is_flag=True, help="device/serial_classify.py runs there already, with its model.")
@click.option(
    "--baud", type=click.IntRange(min=1), default=115200, show_default=True, help="Of a UART, with --attach."
)
@click.option("--limit", type=click.IntRange(min=1), help="Take so many samples only, from the beginning.")
@click.option(
    "--against", type=click.Path(path_type=Path), help="Compare the scores with those of this .cvl file here."
)
@json_option
@click.pass_obj
def command(
    session: Session,
    data: Path,
    port: str,
    model: str,
    attach: bool,
    baud: int,
    limit: int | None,
    against: Path | None,
    as_json: bool,
) -> None:
    """Send the samples in DATA to a board one by one and count how many it gets right.

    DATA is a .npz file with `images`, float32 [N, ...], and `labels`, int [N], as `convlet train` leaves it. The model
    is one of a single input; a stream is compared by `convlet verify --stream`.
    """
    images, labels = _load_samples(data, limit)
    expected = None if against is None else _scores_here(against, images)
    board = (
        on_board.running_serial_classifier(port, baud) if attach else on_board.serial_classifier(port, model)
    )
    with board as client:
        answers = on_board.classify_all(client, images, progress=session.progress)
    scores = np.array([answer.scores for answer in answers])
    times = sorted(answer.microseconds for answer in answers)
    right = round(accuracy(scores, labels) * len(labels))
    differ = None if expected is None else int(np.count_nonzero((scores != expected).any(axis=1)))
    if as_json:
        session.print_json(
            {
                "images": len(labels),
                "right": right,
                "microseconds": [answer.microseconds for answer in answers],
                "scores": scores.tolist(),
                "repeated": client.repeated,
                "differ": differ,
            }
        )
    else:
        _print_summary(session, labels, right, times, client.repeated)
        if differ is not None:
            session.console.print(f"{differ} of {len(scores):,} differ from {against}", highlight=False)
    if differ:
        raise VerifyError(f"the board does not give the scores of {against}: is it the same model there?")


def _print_summary(
    session: Session, labels: NDArray[np.int64], right: int, times: Sequence[int], repeated: int
) -> None:
    """`times` in microseconds, from the shortest to the longest."""
    session.console.print(
        f"{right:,} of {len(labels):,} right ({right / len(labels):.1%}); one inference {times[len(times) // 2]:,} us "
        f"({times[0]:,} to {times[-1]:,}); {repeated} lines sent again",
        highlight=False,
        soft_wrap=True,
    )


def _load_samples(path: Path, limit: int | None) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images, labels = arrays["images"][:limit], arrays["labels"][:limit]
    except (OSError, ValueError, KeyError) as error:
        raise ConvletError(f"cannot read `images` and `labels` from {path}: {error}") from error
    if labels.ndim > 1 and len(labels):
        raise ConvletError(
            f"{path} has labels of shape {labels.shape}, for each step; expected one for each sample\n"
            "A model for steps is compared by: convlet verify MODEL.tflite --stream"
        )
    if labels.shape != (len(images),) or not len(images):
        raise ConvletError(
            f"{path} holds {len(images)} images and labels of shape {labels.shape}, expected one for each image"
        )
    return images, labels


def _scores_here(path: Path, images: NDArray[np.float32]) -> NDArray[np.int8]:
    """What the model in the .cvl file gives on this computer, int8[N, outputs]."""
    try:
        model = Model(read_file(path, "the model"))
        scale, zero_point = model.input_scale, model.input_zero_point
        return np.array([np.array(model.run(quantize(image, scale, zero_point))) for image in images])
    except ValueError as error:
        raise ConvletError(f"{path}: {error}") from error
