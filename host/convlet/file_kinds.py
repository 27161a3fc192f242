"""What kind of file some bytes are, for the errors that say what was found where another was expected."""

from __future__ import annotations

from pathlib import Path

from convlet.errors import ConvletError, ModelError, naming
from convlet.files import read_file
from convlet.format import MAGIC

CVL, TFLITE, KERAS = "a .cvl file", "a .tflite file", "a Keras model (.keras)"
NPY, NPZ, UF2 = "an .npy file", "an .npz file", "firmware (UF2)"
_ZIP, _HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
_ANY_ZIP = "a ZIP file"
_BEGINNINGS = {
    MAGIC: CVL,
    b"\x93NUMPY": NPY,
    _HDF5: "an HDF5 file, as older Keras models are (.h5)",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"UF2\n": UF2,
    b"\x7fELF": "a program (ELF)",
}
_FIRST_NAME = 30  # in a ZIP file, where its length stands four bytes earlier
_KERAS_ADVICE = "a Keras model is quantised first: convlet quantize MODEL.keras --data SAMPLES.npy"
_ADVICE = {
    (CVL, TFLITE): "compile it first: convlet compile MODEL.tflite",
    (CVL, KERAS): "quantise and compile it first: convlet quantize MODEL.keras --data SAMPLES.npy",
    (TFLITE, CVL): "it is compiled already: convlet run, plan, inspect and deploy take it",
    (TFLITE, KERAS): _KERAS_ADVICE,
    (TFLITE, _ANY_ZIP): _KERAS_ADVICE,
}


def kind_of(data: bytes) -> str:
    """What the bytes of a file, or the first 64 of them, are.

    >>> kind_of(Path("digits.tflite").read_bytes()), kind_of(b""), kind_of(b"Dear diary")
    ('a .tflite file', 'an empty file', "text that begins with 'Dear diary'")
    """
    if not data:
        return "an empty file"
    if data[4:8] == b"TFL3":
        return TFLITE
    if data.startswith(_ZIP):
        return _kind_of_zip(data)
    for beginning, kind in _BEGINNINGS.items():
        if data.startswith(beginning):
            return kind
    try:
        text = data[:20].decode("ascii").split("\n")[0].rstrip("\r")
    except UnicodeDecodeError:
        text = "\0"
    is_text = text.replace("\t", " ").isprintable()
    return f"text that begins with {text!r}" if is_text else f"bytes that begin with {data[:8].hex(' ')}"


def _kind_of_zip(data: bytes) -> str:
    name = data[_FIRST_NAME : _FIRST_NAME + int.from_bytes(data[26:28], "little")]
    if name in (b"metadata.json", b"config.json", b"model.weights.h5"):
        return KERAS
    return NPZ if name.endswith(b".npy") else _ANY_ZIP


def is_cvl(path: Path, data: bytes) -> bool:
    """Whether a file for a command that takes both is a .cvl file; else it is, or should be, a .tflite file."""
    return kind_of(data) == CVL or (path.suffix == ".cvl" and kind_of(data) != TFLITE)


def kind_at(path: Path) -> str:
    """As `kind_of`. Raises OSError."""
    with Path(path).open("rb") as file:
        return kind_of(file.read(64))


def require_kind(data: bytes, wanted: str) -> None:
    """Raises ModelError, with what to do, unless a file of these bytes is of the kind `wanted`."""
    found = kind_of(data)
    if found != wanted:
        advice = _ADVICE.get((wanted, found))
        raise ModelError(f"not {wanted}: found {found}" + (f"\n{advice}" if advice else ""))


def read_kind(path: Path, wanted: str, what: str) -> bytes:
    """The bytes of the file `path`, which is of the kind `wanted`; `what` it is to the user. Raises ConvletError."""
    data = read_file(path, what)
    with naming(path):
        require_kind(data, wanted)
    return data


def read_script(path: Path) -> str:
    """The Python text in the file `path`, to run on a board. Raises ConvletError."""
    data = read_file(path, "the script for the board")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        found = f"cannot read the script for the board {path}: found {kind_of(data)}"
        raise ConvletError(f"{found}, expected Python") from error


def require_keras(path: Path) -> None:
    """Raises ConvletError unless Keras may load the file `path`: a ZIP or, of older versions, an HDF5 file."""
    kind = kind_of(read_file(path, "a Keras model"))
    if kind not in (KERAS, _ANY_ZIP, _BEGINNINGS[_HDF5]):
        raise ModelError(f"{path}: not {KERAS}: found {kind}")
