"""Recorded input for the scripts of device/, which then need no sensor and no camera."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convlet.datasets.basic_motions import CLASS_NAMES, load_basic_motions
from convlet.errors import ConvletError
from convlet.files import read_file

MOTION_ROWS_PER_SECOND = 10
FIRST_STEP, STEPS_OF_EACH = 30, 50
MOTIONS = ("Standing", "Walking", "Running", "Standing", "Badminton")


def motion_csv(motions: tuple[str, ...] = MOTIONS, steps: int = STEPS_OF_EACH) -> str:
    """What device/recorded_motion.py plays: of each of `motions` so many steps from BasicMotions' test part.

    A line is a step, six numbers: acceleration in m/s2 along x, y, z, rotation in rad/s about them. Raises ToolError
    when the archive is not in the cache.

    >>> motion_csv(("Walking",), steps=2).count(",")  # two steps of six numbers
    10
    """
    test = load_basic_motions().test
    taken = dict.fromkeys(CLASS_NAMES, 0)
    lines = []
    for name in motions:
        sequences = test.images[test.labels[:, 0] == CLASS_NAMES.index(name)]
        sequence = sequences[taken[name] % len(sequences)]
        taken[name] += 1
        lines += [",".join(f"{value:.4f}" for value in step) for step in sequence[FIRST_STEP:][:steps]]
    return "\n".join(lines) + "\n"


def read_motion(path: Path) -> list[list[float]]:
    """The rows of a recording, which `motion_csv` makes. Raises ConvletError for another file."""
    lines = read_file(path, "the recorded motion").decode(errors="replace").splitlines()
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append([float(value) for value in line.split(",")])
        except ValueError:
            rows.append([])
        if len(rows[-1]) != 6:
            raise ConvletError(
                f"line {number} of {path} has no six numbers with commas between them: {line[:60]!r}"
            )
    if not rows:
        raise ConvletError(f"{path} is empty, expected lines of six numbers: see `convlet recording`")
    return rows


def frame_file(pixels: NDArray[np.uint8]) -> bytes:
    """What device/recorded_frame.py plays: uint8[H, W, 1] as a binary PGM file, uint8[H, W, 3] as PPM."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, format="PPM")
    return file.getvalue()
