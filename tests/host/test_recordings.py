"""What `convlet recording` makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from convlet.datasets.basic_motions import load_basic_motions
from convlet.errors import ConvletError
from convlet.recordings import frame_file, motion_csv, read_motion
from golden import FOLDER
from PIL import Image

COMMAND = [sys.executable, "-m", "convlet.cli", "recording"]


def test_motion_is_of_the_test_part(tmp_path: Path) -> None:
    path = tmp_path / "motion.csv"
    path.write_text(motion_csv(("Walking", "Standing", "Walking"), 2))
    test = load_basic_motions().test
    walking, standing = (test.images[test.labels[:, 0] == index] for index in (2, 0))
    expected = np.concatenate([walking[0, 30:32], standing[0, 30:32], walking[1, 30:32]])
    np.testing.assert_allclose(read_motion(path), expected, atol=0.5e-4)


def test_motion_command(tmp_path: Path) -> None:
    subprocess.run([*COMMAND, "motion"], check=True, cwd=tmp_path)
    assert len(read_motion(tmp_path / "motion.csv")) == 250


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("1,2,3,4,5,6\n1,2,3,4,5\n", r"line 2 of .*no six numbers.*'1,2,3,4,5'"),
        ("1,2,3,4,5,six", "line 1 of"),
        ("", "is empty"),
    ],
)
def test_other_files_are_refused(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "motion.csv"
    path.write_text(text)
    with pytest.raises(ConvletError, match=complaint):
        read_motion(path)


def test_no_file() -> None:
    with pytest.raises(ConvletError, match=r"cannot read the recorded motion no\.csv"):
        read_motion(Path("no.csv"))


def test_frames_of_grey_and_of_colours() -> None:
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    assert frame_file(grey) == b"P5\n3 2\n255\n" + grey.tobytes()
    colours = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    assert frame_file(colours) == b"P6\n3 2\n255\n" + colours.tobytes()


def test_frame_command_scales_a_picture(tmp_path: Path) -> None:
    Image.fromarray(np.full((40, 30, 3), 200, np.uint8)).save(tmp_path / "photo.png")
    command = [*COMMAND, "frame", "photo.png", "--model", FOLDER / "digits_like.cvl", "-o", "f.pgm"]
    subprocess.run(command, check=True, cwd=tmp_path)
    assert (tmp_path / "f.pgm").read_bytes() == b"P5\n8 8\n255\n" + bytes([200]) * 64


def test_frame_command_takes_real_values(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.linspace(-0.1, 1.1, 64))
    command = [*COMMAND, "frame", "a.npy", "--model", FOLDER / "digits_like.cvl"]
    subprocess.run(command, check=True, cwd=tmp_path)
    pixels = (tmp_path / "frame.ppm").read_bytes()[-64:]
    assert (pixels[0], pixels[32], pixels[63]) == (0, 130, 255)


def test_frame_of_a_model_that_sees_no_pictures(tmp_path: Path) -> None:
    command = [*COMMAND, "frame", "photo.png", "--model", FOLDER / "stream.cvl"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "a camera's pixel has 1 or 3 values" in done.stderr
    assert list(tmp_path.iterdir()) == []
