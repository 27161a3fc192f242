"""`convlet recording`: input for the scripts of device/ where there is no sensor and no camera."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from convlet.cli import Session, examples, json_option, out_option
from convlet.cvl_file import open_model
from convlet.errors import ConvletError
from convlet.files import write_atomic
from convlet.images import load_image
from convlet.recordings import frame_file, motion_csv


@click.group()
def command() -> None:
    """Make recorded input for the scripts of device/."""


@command.command(epilog=examples("convlet recording motion -o motion.csv"))
@out_option("File to write.", default="motion.csv", show_default=True)
@json_option
@click.pass_obj
def motion(session: Session, out: Path, as_json: bool) -> None:
    """A watch's accelerometer and gyroscope, for imu_gesture.py.

    25 seconds of them, which `convlet emulate --motion` takes too.
    """
    _write(session, out, motion_csv().encode(), as_json)


@command.command(epilog=examples("convlet recording frame photo.jpg --model photos.cvl"))
@click.argument("picture", type=click.Path(path_type=Path))
@click.option(
    "--model", required=True, type=click.Path(path_type=Path), help="The .cvl file that will see it."
)
@out_option("File to write.", default="frame.ppm", show_default=True)
@json_option
@click.pass_obj
def frame(session: Session, picture: Path, model: Path, out: Path, as_json: bool) -> None:
    """A PICTURE as a camera delivers it, for camera_rows.py.

    It is scaled to the model's input. A .npy file of pixels (uint8) or of real values from 0 to 1 is taken too.
    """
    loaded = open_model(model)
    height, width, channels = loaded.input_shape
    if channels not in (1, 3):
        raise ConvletError(f"a camera's pixel has 1 or 3 values, the input of {model} has {channels}")
    image = load_image(picture, loaded)
    if image.dtype == np.float32:
        image = np.clip(np.round(image * 255), 0, 255).astype(np.uint8)
    if image.dtype != np.uint8:
        raise ConvletError(
            f"{picture} holds {image.dtype}, expected pixels (uint8) or real values from 0 to 1"
        )
    _write(session, out, frame_file(image.reshape(height, width, channels)), as_json)


def _write(session: Session, path: Path, data: bytes, as_json: bool) -> None:
    write_atomic(path, data)
    if as_json:
        session.print_json({"file": str(path), "bytes": len(data)})
        return
    session.say(f"{path}: {len(data):,} bytes")
