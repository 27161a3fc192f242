"""Every command with files of another kind than it takes: it says what was found, and changes nothing."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from chain import digits_chain
from convlet import cli
from convlet.compile import compile_tflite
from PIL import Image

NOWHERE = "socket://127.0.0.1:1"  # a file must be refused before a board is looked for
FILE = "FILE"  # stands for the file of another kind

# The suffix of a file, and the commands that read one.
COMMANDS = {
    ".tflite": (
        "compile FILE",
        "verify FILE",
        "inspect FILE",
        "plan FILE",
        "fits FILE",
        "bench FILE",
        "export-c FILE",
        "zoo FILE",
        "quantize FILE --data a.npy",
    ),
    ".cvl": (
        "inspect FILE",
        "plan FILE",
        "export-c FILE",
        "run FILE p.png",
        "evaluate a.npz --model FILE",
        f"evaluate a.npz --port {NOWHERE} --against FILE",
        f"deploy FILE --port {NOWHERE}",
        f"deploy FILE --port {NOWHERE} --romfs",
        "emulate --model FILE --profile",
        "firmware build --board unix --only FILE",
        "firmware size --core m0plus --only FILE",
        "native build --arch x64 --only FILE",
        "recording frame p.png --model FILE",
    ),
    ".keras": ("quantize FILE --data a.npy", "train --data a.npz --model FILE"),
    ".npy": ("quantize m.keras --data FILE", "run m.cvl FILE", "recording frame FILE --model m.cvl"),
    ".npz": (
        "quantize m.keras --data a.npy --compare FILE",
        "verify m.tflite --images FILE",
        "train --data FILE",
        "evaluate FILE --model m.cvl",
        f"evaluate FILE --port {NOWHERE}",
    ),
    ".png": ("run m.cvl FILE", "recording frame FILE --model m.cvl"),
    ".txt": ("compile m.tflite --labels FILE",),
    ".csv": ("emulate --motion FILE",),
    ".json": ("bench m.tflite --core m0plus --baseline FILE",),
    ".uf2": ("firmware flash --board pico --image FILE", "emulate --firmware FILE"),
    ".bin": ("firmware flash --board esp32c3 --port /dev/null --image FILE",),
    ".py": (
        f"capture folder --label up --port {NOWHERE} --sensor FILE",
        f"monitor FILE --port {NOWHERE}",
    ),
}
CASES = [(suffix, command) for suffix, commands in COMMANDS.items() for command in commands]
# What a file of each name holds, as the errors call it.
FOUND = {
    "notes.txt": "text that begins with 'Some notes",
    "empty": "an empty file",
    "picture.png": r"a picture \(PNG\)",
    "m.tflite": "a .tflite file",
    "m.cvl": "a .cvl file",
    "m.keras": "a Keras model",
    "a.npy": "an .npy file",
    "a.npz": "an .npz file",
    "objects.npy": "Python objects|an .npy file",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    tflite = digits_chain().build()
    (folder / "m.tflite").write_bytes(tflite)
    (folder / "m.cvl").write_bytes(compile_tflite(tflite).cvl)
    images = np.zeros((6, 8, 8, 1), np.float32)
    np.save(folder / "a.npy", images)
    np.savez(folder / "a.npz", images=images, labels=np.arange(6) % 2)
    np.save(folder / "objects.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with zipfile.ZipFile(folder / "m.keras", "w") as keras:
        keras.writestr("metadata.json", "{}")
    (folder / "notes.txt").write_text("Some notes of mine\nthat nobody shall read\n")
    (folder / "empty").write_bytes(b"")
    for name in ("p.png", "picture.png"):
        Image.new("L", (8, 8)).save(folder / name)
    (folder / "folder").mkdir()
    return folder


@pytest.fixture
def refused(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str, str], str]:
    """What is said of a command with a file, without the line's head."""
    monkeypatch.chdir(files)

    def call(command: str, file: str) -> str:
        before = _contents()
        with pytest.raises(SystemExit) as stop:
            cli.main([file if word == FILE else word for word in command.split()])
        text = capsys.readouterr().err
        assert stop.value.code == 1, text
        assert text.startswith("error: ") and text.count("\n") <= 3, text
        assert "Errno" not in text and "pickle" not in text and NOWHERE not in text, text
        assert _contents() == before
        return text.removeprefix("error: ")

    return call


def _contents() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def _is_taken(suffix: str, command: str, name: str) -> bool:
    if name in ("m.tflite", "m.cvl"):
        return command.split()[0] in ("inspect", "plan", "fits", "export-c")
    if name == "a.npz":
        return "--data" in command
    return (name, suffix) in (("notes.txt", ".txt"), ("notes.txt", ".py"), ("empty", ".py"))


@pytest.mark.parametrize(("suffix", "command"), CASES, ids=lambda value: value)
def test_file_of_another_kind_with_the_right_suffix(
    suffix: str, command: str, files: Path, refused: Callable[[str, str], str]
) -> None:
    """Also under the name of what it is, but for commands that take that."""
    for name, kind in FOUND.items():
        if name.endswith(suffix) and name != "objects.npy":
            continue
        if _is_taken(suffix, command, name):
            continue
        renamed = f"my_{Path(name).stem}{suffix}"
        (files / renamed).write_bytes((files / name).read_bytes())
        try:
            message = refused(command, renamed)
        finally:
            (files / renamed).unlink()
        assert re.search(f"{kind}|{_of_its_own(suffix)}", message), (name, message)
        assert renamed in message or suffix in (".uf2", ".bin"), message


def _of_its_own(suffix: str) -> str:
    """What the errors about kinds say that have words of their own."""
    return {
        ".csv": "expected lines of six numbers|has no six numbers",
        ".bin": "has no boot loader at byte 0x0",
    }.get(suffix, "(?!)")


@pytest.mark.parametrize(("suffix", "command"), CASES, ids=lambda value: value)
def test_folder_and_missing_file(suffix: str, command: str, refused: Callable[[str, str], str]) -> None:
    message = refused(command, "folder")
    assert re.search(r"folder: Is a directory|no (folder|script|file|model|folders).*|folder has no", message)
    message = refused(command, f"missing{suffix}")
    assert re.search(
        rf"missing{re.escape(suffix)}: No such file or directory|there is no \w+ missing", message
    )


@pytest.mark.parametrize(("suffix", "command"), CASES, ids=lambda value: value)
def test_file_that_may_not_be_read(
    suffix: str,
    command: str,
    files: Path,
    refused: Callable[[str, str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Root may read all, so that this stands in for the operating system."""
    locked = files / f"locked{suffix}"
    locked.write_bytes(b"")
    opened = Path.open

    def guarded(path: Path, *arguments: str, **named: str) -> object:
        if path.name == locked.name:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **named)  # type: ignore[arg-type,call-overload]

    monkeypatch.setattr(Path, "open", guarded)
    with monkeypatch.context() as patched:
        patched.setattr("test_wrong_kinds._contents", dict)
        message = refused(command, locked.name)
    locked.unlink()
    assert re.search(rf"locked{re.escape(suffix)}: Permission denied", message)
