"""Native modules, as far as no board is needed: which fits which firmware, and what their C code needs of its own."""

import ctypes
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from convlet import native
from convlet.errors import BoardError, ToolError
from convlet.resources import MODULE_FOLDER

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
        ToolError, match="xtensa-lx106-elf-gcc, which is not installed: `convlet doctor` says how to get it"
    ):
        native.build("xtensawin")
    with pytest.raises(ToolError, match="no architecture is called z80; there are: armv6m"):
        native.build("z80")


def test_esp_idfs_compiler_does_where_debians_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("xtensa-esp32-elf-gcc", "xtensa-lx106-elf-gcc"):
        (tmp_path / name).touch(0o755)
        assert native.ARCHITECTURES["xtensawin"].compiler == name
    assert native.available() == ["xtensawin"]


def test_the_package_names_the_file():
    module = native.NativeModule("armv6m", native.Path("convlet.mpy"), 1, 2, 3)
    assert json.loads(native.package_json(module))["urls"] == [["convlet.mpy", "convlet.mpy"]]


# Functions that native modules have in place of libgcc's.
OF_TWO_FLOATS = {
    "__aeabi_fdiv": np.divide,
    "__addsf3": np.add,
    "__subsf3": np.subtract,
    "__mulsf3": np.multiply,
    "__ltsf2": lambda a, b: -(a < b).astype(np.int32),
    "__gtsf2": lambda a, b: (a > b).astype(np.int32),
}


@pytest.fixture(scope="module")
def floats(tmp_path_factory):
    """micropython_module/native_divide.c and xtensa/float.c, and a loop over arrays for each of their functions."""
    folder = tmp_path_factory.mktemp("floats")
    (folder / "all.c").write_text(
        "".join(f'#include "{MODULE_FOLDER / name}"\n' for name in ("native_divide.c", "xtensa/float.c"))
        + "#define PAIRS(type, name) void all##name(const float *a, const float *b, type *c, int n) "
        "{ while (n--) c[n] = name(a[n], b[n]); }\n"
        "#define EACH(from, to, name) void all##name(const from *a, to *c, int n) "
        "{ while (n--) c[n] = name(a[n]); }\n"
        + "".join(f"PAIRS({'int' if 'tsf' in name else 'float'}, {name})\n" for name in OF_TWO_FLOATS)
        + "EACH(float, int32_t, __fixsfsi)\nEACH(int32_t, float, __floatsisf)\n"
    )
    library = folder / "all.so"
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined"]
    options = ["-fno-sanitize-recover", "-static-libubsan", "-Wl,-Bsymbolic"]
    subprocess.run(["gcc", "-std=c99", *flags, *options, folder / "all.c", "-o", library], check=True)
    return ctypes.CDLL(str(library))


def array_of(type_):
    return np.ctypeslib.ndpointer(type_)


def pairs_of_floats():
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 1 << 32, (2, 200_000), dtype=np.uint64).astype(np.uint32)
    near = rng.integers(0x3F000000, 0x40800000, (2, 200_000), dtype=np.uint64).astype(np.uint32)
    tiny = rng.integers(0, 0x01800000, (2, 100_000), dtype=np.uint64).astype(np.uint32)
    edges = np.array([0, 1, 2, 0x7FFFFF, 0x800000, 0x800001, 0x3F800000, 0x7F7FFFFF, 0x7F800000, 0x7FC00000])
    edges = np.concatenate([edges, edges | 1 << 31]).astype(np.uint32)
    pairs = np.array(np.meshgrid(edges, edges)).reshape(2, -1)
    small_over_big = np.array([tiny[0], near[1][:100_000]])
    opposite = near ^ np.array([[0], [1 << 31]], np.uint32)
    everything = [bits, near, opposite, tiny, pairs, small_over_big, small_over_big[::-1]]
    return (np.ascontiguousarray(x).view(np.float32) for x in np.concatenate(everything, axis=1))


@pytest.mark.parametrize("name", OF_TWO_FLOATS)
def test_floats_are_as_the_processor_has_them(floats, name):
    a, b = pairs_of_floats()
    with np.errstate(all="ignore"):
        expected = OF_TWO_FLOATS[name](a, b)
    found = np.empty_like(expected)
    function = floats["all" + name]
    function.argtypes = [array_of(np.float32), array_of(np.float32), array_of(found.dtype), ctypes.c_int]
    function(a, b, found, len(a))
    no_numbers = np.isnan(expected) & np.isnan(found)
    assert np.array_equal(found.view(np.uint32)[~no_numbers], expected.view(np.uint32)[~no_numbers])


def test_floats_become_integers_and_integers_floats(floats):
    rng = np.random.default_rng(2)
    edges = [0, 1, -1, 1 << 24, (1 << 24) + 1, (1 << 25) + 2, (1 << 31) - 1, -(1 << 31)]
    wide = rng.integers(-(1 << 31), 1 << 31, 100_000) >> rng.integers(0, 31, 100_000)
    integers = np.concatenate([edges, wide]).astype(np.int32)
    reals = np.empty(len(integers), np.float32)
    floats.all__floatsisf.argtypes = [array_of(np.int32), array_of(np.float32), ctypes.c_int]
    floats.all__floatsisf(integers, reals, len(integers))
    assert np.array_equal(reals.view(np.uint32), integers.astype(np.float32).view(np.uint32))
    reals = np.concatenate([reals[np.abs(reals) < 2**31], np.linspace(-3, 3, 1001, dtype=np.float32)])
    found = np.empty(len(reals), np.int32)
    floats.all__fixsfsi.argtypes = [array_of(np.float32), array_of(np.int32), ctypes.c_int]
    floats.all__fixsfsi(reals, found, len(reals))
    assert np.array_equal(found, reals.astype(np.int32))


@pytest.mark.parametrize("architecture", native.ARCHITECTURES)
def test_the_header_is_what_firmware_asks_for(architecture):
    magic, version, features, _ = native.build(architecture).path.read_bytes()[:4]
    assert (magic, version, features & 3) == (ord("M"), native.MPY_VERSION, native.MPY_SUB_VERSION)
    assert features >> 2 == CODES[architecture]


def test_the_command_builds_and_tells(tmp_path):
    command = [sys.executable, "-m", "convlet.cli", "native", "build", "--arch", "x64", "-o", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    built = native.build("x64")
    row = f"x64 +unix port +{built.file_bytes:,} +{built.code_bytes:,} +{built.data_bytes:,}"
    assert re.search(row, done.stdout), done.stdout
    assert (tmp_path / "x64" / "convlet.mpy").read_bytes() == built.path.read_bytes()
    assert (tmp_path / "x64" / "package.json").read_text() == native.package_json(built)
    assert built.file_bytes > built.code_bytes > 10 * built.data_bytes > 0
