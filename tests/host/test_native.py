"""Native modules, as far as no board is needed: which fits which firmware, and what their C code needs of its own."""

import ctypes
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from convlet import native
from convlet.engine_build import MODULE
from convlet.errors import BoardError, ToolError

CODES = {name: code for code, name in enumerate(native._ARCHITECTURES_BY_CODE)}


def mpy_of(architecture, version=6, sub_version=3, flags=0):
    """`sys.implementation._mpy` as MicroPython composes it; `flags` since 1.26."""
    return version | sub_version << 8 | CODES[architecture] << 10 | flags << 16


@pytest.mark.parametrize(
    ("firmware", "module"),
    [
        ("armv6m", "armv6m"),
        ("armv7m", "armv7m"),
        ("armv7em", "armv7m"),
        ("armv7emsp", "armv7emsp"),
        ("armv7emdp", "armv7emsp"),
        ("rv32imc", "rv32imc"),
        ("x64", "x64"),
        ("xtensawin", "xtensawin"),
    ],
)
def test_the_module_that_fits(firmware, module):
    assert native.fitting(mpy_of(firmware)) == native.fitting(mpy_of(firmware, flags=1)) == module


@pytest.mark.parametrize(
    ("mpy", "reason"),
    [
        (0, "its firmware loads no native modules"),
        (mpy_of(""), "its firmware loads no native modules"),
        (mpy_of("armv6m", 6, 2), r"of version 6\.2, these are 6\.3: flash MicroPython 1\.23 or newer"),
        (mpy_of("armv6m", 5, 0), r"of version 5\.0, these are 6\.3"),
        (mpy_of("xtensa"), "its processor is xtensa, for which there is no native module; there are: armv6m"),
        (15 << 10 | 3 << 8 | 6, "its processor is number 15"),
    ],
)
def test_why_none_fits(mpy, reason):
    with pytest.raises(BoardError, match=reason):
        native.fitting(mpy)


def test_versions_are_those_of_the_sources():
    header = (native.sources.locate().micropython / "py" / "persistentcode.h").read_text()
    assert f"#define MPY_VERSION {native.MPY_VERSION}\n" in header
    assert f"#define MPY_SUB_VERSION {native.MPY_SUB_VERSION}\n" in header
    names = [f"MP_NATIVE_ARCH_{name.upper() or 'NONE'}" for name in native._ARCHITECTURES_BY_CODE]
    listed = header[header.index("MP_NATIVE_ARCH_NONE = 0") :].replace(" = 0", "")
    assert [line.strip(" ,") for line in listed.splitlines()[: len(names)]] == names


def test_a_missing_compiler_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert native.available() == []
    with pytest.raises(
        ToolError, match="xtensa-esp32-elf-gcc, which is not installed: open a shell of ESP-IDF"
    ):
        native.build("xtensawin")
    with pytest.raises(ToolError, match="no architecture is called z80; there are: armv6m"):
        native.build("z80")


def test_the_package_names_the_file():
    module = native.NativeModule("armv6m", native.Path("convlet.mpy"), 1, 2, 3)
    assert json.loads(native.package_json(module))["urls"] == [["convlet.mpy", "convlet.mpy"]]


@pytest.fixture(scope="module")
def divide(tmp_path_factory):
    """The division of micropython_module/native_divide.c, on arrays of float32."""
    folder = tmp_path_factory.mktemp("divide")
    loop = (
        "void all(const float *a, const float *b, float *c, int n) { while (n--) c[n] = divide(a[n], b[n]); }"
    )
    (folder / "all.c").write_text(f'#include "{MODULE / "native_divide.c"}"\n{loop}\n')
    library = folder / "divide.so"
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined"]
    options = ["-fno-sanitize-recover", "-static-libubsan", "-D__aeabi_fdiv=divide"]
    subprocess.run(["gcc", "-std=c99", *flags, *options, folder / "all.c", "-o", library], check=True)
    function = ctypes.CDLL(str(library)).all
    pointer = np.ctypeslib.ndpointer(np.float32)
    function.argtypes = [pointer, pointer, pointer, ctypes.c_int]

    def call(a, b):
        result = np.empty_like(a)
        function(a, b, result, len(a))
        return result

    return call


def test_floats_are_divided_as_the_processor_does(divide):
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 1 << 32, (2, 200_000), dtype=np.uint64).astype(np.uint32)
    near = rng.integers(0x3F000000, 0x40800000, (2, 200_000), dtype=np.uint64).astype(np.uint32)
    tiny = rng.integers(0, 0x01800000, (2, 100_000), dtype=np.uint64).astype(np.uint32)
    edges = np.array([0, 1, 2, 0x7FFFFF, 0x800000, 0x800001, 0x3F800000, 0x7F7FFFFF, 0x7F800000, 0x7FC00000])
    edges = np.concatenate([edges, edges | 1 << 31]).astype(np.uint32)
    pairs = np.array(np.meshgrid(edges, edges)).reshape(2, -1)
    small_over_big = np.array([tiny[0], near[1][:100_000]])
    a, b = np.concatenate([bits, near, tiny, pairs, small_over_big, small_over_big[::-1]], axis=1)
    a, b = (np.ascontiguousarray(x).view(np.float32) for x in (a, b))
    with np.errstate(all="ignore"):
        expected = a / b
    found = divide(a, b)
    both_nan = np.isnan(expected) & np.isnan(found)
    assert np.array_equal(found.view(np.uint32)[~both_nan], expected.view(np.uint32)[~both_nan])


def test_the_command_builds_and_tells(tmp_path):
    command = [sys.executable, "-m", "convlet.cli", "native", "build", "--arch", "x64", "-o", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    built = native.build("x64")
    row = f"x64 +unix port +{built.file_bytes:,} +{built.code_bytes:,} +{built.data_bytes:,}"
    assert re.search(row, done.stdout), done.stdout
    assert (tmp_path / "x64" / "convlet.mpy").read_bytes() == built.path.read_bytes()
    assert (tmp_path / "x64" / "package.json").read_text() == native.package_json(built)
    assert built.file_bytes > built.code_bytes > 10 * built.data_bytes > 0
