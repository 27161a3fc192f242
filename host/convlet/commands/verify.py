"""`convlet verify`: proof that a model's bits are TFLM's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from convlet import oracle
from convlet.array_files import IMAGES, load_arrays
from convlet.cli import Session, examples, json_option
from convlet.compile import compile_tflite
from convlet.errors import ConvletError, VerifyError, naming
from convlet.files import read_file
from convlet.graph import Tensor
from convlet.quantize import check_values
from convlet.verify import random_images, verify, verify_stream


@click.command(epilog=examples("convlet verify photos.tflite --images photos.test.npz"))
@click.argument("tflite", type=click.Path(path_type=Path))
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    help="A .npz file with `images`, float32 [N, ...], as `convlet train` leaves it.",
)
@click.option(
    "--random",
    "count",
    type=click.IntRange(0),
    default=100,
    show_default=True,
    help="How many random images to compare besides, or series.",
)
@click.option("--stream", is_flag=True, help="Compile it as a stream, and compare step by step.")
@json_option
@click.pass_obj
def command(
    session: Session, tflite: Path, images: Path | None, count: int, stream: bool, as_json: bool
) -> None:
    """Compare TFLM, the numpy reference and the C engine on the int8 TFLITE file, bit by bit.

    Exit code 1 when an output differs.
    """
    if not count and (stream or images is None):
        raise click.UsageError("there is nothing to compare: give --images, or --random with more than 0")
    data = read_file(tflite, "the model")
    with naming(tflite):
        compiled = compile_tflite(data, stream=stream)
    if compiled.program.period:
        if images is not None:
            raise ConvletError("a stream is compared on random series only: leave out --images")
        result = verify_stream(data, compiled, count, session.progress)
    else:
        inputs = random_images(compiled, count)
        if images is not None:
            inputs = _load_images(images, tflite, compiled.graph.inputs) + inputs
        result = verify(data, compiled, inputs, session.progress)
    what = "outputs of a stream" if compiled.program.period else "images"
    if as_json:
        counts = ("images", "reference_mismatches", "engine_mismatches", "exact", "oracle")
        session.print_json({"model": str(tflite), **{name: getattr(result, name) for name in counts}})
    else:
        session.console.print(
            f"{result.images} {what}: {result.reference_mismatches} differ in the numpy reference, "
            f"{result.engine_mismatches} in the C engine",
            highlight=False,
        )
        if result.oracle != oracle.NAME:
            session.console.print(f"compared with {result.oracle}", highlight=False)
    if not result.exact:
        raise VerifyError(f"{tflite} does not give TFLM's outputs")


def _load_images(path: Path, model: Path, inputs: Sequence[Tensor]) -> list[list[np.ndarray]]:
    """The images in the .npz file `path`, quantised for the one input that the model has."""
    if len(inputs) != 1:
        raise ConvletError(f"{model} has {len(inputs)} inputs, expected one for --images: leave it out")
    (loaded,) = load_arrays(path, "the images", (IMAGES,))
    images = check_values(loaded, str(path))
    if images[0].size != math.prod(inputs[0].rows):
        found, wanted = (" x ".join(map(str, shape)) for shape in (images.shape[1:], inputs[0].rows))
        raise ConvletError(f"the images in {path} are {found}, the input of {model} is {wanted}")
    return [[image] for image in inputs[0].quantize(images)]
