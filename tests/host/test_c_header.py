"""`convlet export-c`: headers that compile without a warning in C and C++, and hold the file's bytes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from chain import digits_chain
from click.testing import CliRunner
from convlet import c_header
from convlet.c_header import check_name, export_c, name_of
from convlet.cli import convlet as command_line
from convlet.compile import compile_tflite
from convlet.errors import ConvletError, ModelError

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
COMPILERS = [
    ["gcc", "-std=c99"],
    ["gcc", "-std=c11"],
    ["gcc", "-std=c89"],
    ["g++", "-std=c++98"],
    ["g++", "-std=c++17"],
    ["arm-none-eabi-gcc", "-std=c99", "-mcpu=cortex-m0plus", "-mthumb"],
    ["arm-none-eabi-g++", "-std=c++17", "-mcpu=cortex-m0plus", "-mthumb"],
]
PROGRAM = """
#include <stdio.h>
#include "model.h"
#include "model.h" /* the guard holds */
int main(void) {
    if ((unsigned long)(size_t)%(name)s %% %(alignment)d || sizeof %(name)s != %(name)s_len) {
        return 1;
    }
    return fwrite(%(name)s, 1, %(name)s_len, stdout) != %(name)s_len;
}
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "7 digits-v2.cvl"
    path.write_bytes(compile_tflite(digits_chain().build()).cvl)
    return path


def program_with(model: Path, folder: Path, name: str | None = None) -> Path:
    """A C program that writes the array of the model's header."""
    array = export_c(model, folder / "model.h", name)
    source = folder / "program.c"
    source.write_text(PROGRAM % {"name": array, "alignment": 16})
    return source


@pytest.mark.parametrize("compiler", COMPILERS, ids=lambda words: " ".join(words[:2]))
def test_a_header_compiles_without_warnings(compiler: list[str], model: Path, tmp_path: Path) -> None:
    source = program_with(model, tmp_path)
    language = "c++" if "++" in compiler[0] else "c"
    command = [*compiler, *WARNINGS, "-x", language, "-c", source, "-o", tmp_path / "program.o"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("compiler", COMPILERS[:5], ids=lambda words: " ".join(words[:2]))
def test_the_array_is_the_file_and_aligned(compiler: list[str], model: Path, tmp_path: Path) -> None:
    source = program_with(model, tmp_path, "weights")
    language = "c++" if "++" in compiler[0] else "c"
    subprocess.run([*compiler, "-x", language, source, "-o", tmp_path / "program"], check=True)
    done = subprocess.run([tmp_path / "program"], check=True, capture_output=True)
    assert done.stdout == model.read_bytes()


def test_the_array_lies_aligned_in_flash(model: Path, tmp_path: Path) -> None:
    source = program_with(model, tmp_path, "weights")
    subprocess.run(["arm-none-eabi-gcc", "-c", source, "-o", tmp_path / "program.o"], check=True)
    command = ["arm-none-eabi-objdump", "--syms", "--section-headers", tmp_path / "program.o"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert re.search(r" \.rodata\t\w+ weights$", printed, re.M)  # read-only
    assert re.search(
        r" \.rodata +(\w+ +){4}2\*\*4$", printed, re.M
    )  # at a multiple of 16 bytes, not by chance


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("digits.cvl", "digits_cvl"),
        ("digits.float.tflite", "digits_float_tflite"),
        ("7 digits-v2.cvl", "model_7_digits_v2_cvl"),
        ("_private.cvl", "private_cvl"),
        ("Ziffern_\u00e4.cvl", "Ziffern_cvl"),
        ("int.tflite", "int_tflite"),
    ],
)
def test_names_are_made_from_the_files(file: str, name: str) -> None:
    assert name_of(Path("folder") / file) == name
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "7seg", "a-b", "a b", "_Reserved", "a__b", "\u00e4", "a\n", "int;"])
def test_what_is_no_name_in_c_is_refused(name: str, model: Path, tmp_path: Path) -> None:
    expected = f"{name!r} is no name in C: expected a letter, then letters, digits and single underscores"
    with pytest.raises(ConvletError, match=re.escape(expected)):
        export_c(model, tmp_path / "model.h", name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["class", "int", "restrict", "co_await"])
def test_keywords_of_both_languages_are_refused(name: str) -> None:
    with pytest.raises(ConvletError, match=f"'{name}' is a keyword in C"):
        check_name(name)


def test_a_name_for_a_file_cannot_end_the_comment() -> None:
    text = c_header.c_header(b"x", "x", "a*/ int b; /*??/.cvl")
    assert text.startswith("/* a_ int b; __/.cvl as a C array")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("model.cvl", b"CVL?", "model.cvl: "),
        (
            "model.tflite",
            b"no flatbuffer",
            "model.tflite: not a .tflite file: found text that begins with 'no flatbuffer'",
        ),
        (
            "model.keras",
            b"",
            "model.keras: found an empty file, expected a .tflite or .cvl file with this suffix",
        ),
    ],
)
def test_what_is_no_model_is_refused(file: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ModelError, match=re.escape(message)):
        export_c(tmp_path / file, tmp_path / "model.h")
    assert not (tmp_path / "model.h").exists()


def test_the_command_writes_beside_the_model_and_says_the_names(tmp_path: Path) -> None:
    (tmp_path / "digits.tflite").write_bytes(digits_chain().build())
    done = CliRunner().invoke(command_line, ["export-c", str(tmp_path / "digits.tflite")])
    size = (tmp_path / "digits.tflite").stat().st_size
    assert (done.exit_code, done.stdout) == (
        0,
        f"{tmp_path / 'digits_tflite.h'}: digits_tflite[{size}] and digits_tflite_len\n",
    )
    assert f"digits_tflite[{size}] = {{" in (tmp_path / "digits_tflite.h").read_text()
