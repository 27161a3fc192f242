"""Declares the extension `convlet._engine`: the C engine of micropython_module/engine, for CPython.

What cffi is told of the engine is taken from its headers, so that it is written once. Run by setup.py.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from cffi import FFI

from convlet.resources import MODULE_FOLDER

ENGINE = MODULE_FOLDER / "engine"


def engine_sources() -> list[Path]:
    """The engine's C files, from the one list of them."""
    names = (MODULE_FOLDER / "sources.txt").read_text().split()
    return [MODULE_FOLDER / name for name in names if name.startswith("engine/")]


def sources_hash() -> str:
    """Hash of all that the extension is made from; it carries it, so that a stale one is noticed."""
    files = sorted([*ENGINE.glob("*.[ch]"), Path(__file__)], key=lambda path: path.name)
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


def declarations() -> str:
    """The types and functions of the public headers in the part of C that cffi reads."""
    text = "".join((ENGINE / name).read_text() for name in ("format.h", "convlet.h", "window.h"))
    text = text.replace("\\\n", "")
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^_Static_assert.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^enum \{.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"CVL_FILE_ERRORS.*CVL_STATUS_COUNT", "CVL_ERROR_ARENA, ...", text)
    return text + "\nextern const char *const cvl_sources_hash;\n"


ffi = FFI()
ffi.cdef(declarations())
# window.py reads a file for the engine.
ffi.cdef('extern "Python" bool read_file(void *, uint32_t, uint8_t *, uint32_t);')
ffi.set_source(
    "convlet._engine",
    f'#include "window.h"\nconst char *const cvl_sources_hash = "{sources_hash()}";',
    sources=[os.path.relpath(path) for path in engine_sources()],
    include_dirs=[str(ENGINE)],
    depends=[os.path.relpath(path) for path in ENGINE.glob("*.h")],
    define_macros=[("CVL_WITH_WINDOW", "1")],
    extra_compile_args=[] if os.name == "nt" else ["-std=c99", "-O2"],
)
