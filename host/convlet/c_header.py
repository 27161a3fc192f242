"""A model file as a C header, for firmware that has its model compiled in."""

from __future__ import annotations

import re
from pathlib import Path

from convlet.cvl_file import read_cvl
from convlet.errors import ConvletError, ModelError, naming
from convlet.file_kinds import TFLITE, kind_of
from convlet.files import read_file, write_atomic

ALIGNMENT = 16  # TFLM's own examples align their models so; the engine takes any address
_BYTES_PER_LINE = 16
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# Of C99 and C++20: the header is for both.
_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl
    concept const const_cast consteval constexpr constinit continue co_await co_return co_yield decltype default delete
    do double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable
    namespace new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast
    requires restrict return short signed sizeof static static_assert static_cast struct switch template this
    thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor
    xor_eq
    """,
    )
)

_HEADER = """\
/* {source} as a C array, made by `convlet export-c`. Include it in one source file: each that includes it
   gets the array. */
#ifndef {guard}
#define {guard}

#if defined(__cplusplus) && __cplusplus >= 201103L
#define {guard}_ALIGNED alignas({alignment})
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define {guard}_ALIGNED _Alignas({alignment})
#elif defined(_MSC_VER)
#define {guard}_ALIGNED __declspec(align({alignment}))
#else
#define {guard}_ALIGNED __attribute__((aligned({alignment})))
#endif

static const unsigned int {name}_len = {size};
{guard}_ALIGNED static const unsigned char {name}[{size}] = {{
{lines}
}};

#undef {guard}_ALIGNED
#endif
"""


def export_c(model: Path, header: Path, name: str | None = None) -> str:
    """Write the `.tflite` or `.cvl` file `model` to the C header `header`, and return the name of its array.

    The array is `const`, aligned to 16 bytes, and its length is NAME_len. The name is made from the file's unless it is
    given: digits.cvl becomes digits_cvl. Raises ConvletError when the model is damaged or the name is none in C.

    >>> export_c(Path("digits.cvl"), Path("digits.h"))
    'digits_cvl'
    """
    name = name_of(model) if name is None else check_name(name)
    data = read_file(model, "the model")
    _check_model(model, data)
    write_atomic(header, c_header(data, name, Path(model).name).encode())
    return name


def c_header(data: bytes, name: str, source: str) -> str:
    """The text of a C99 and C++ header with the array `name` of `data`; `source` says in a comment where it is from."""
    lines = [
        "    " + ", ".join(f"0x{byte:02x}" for byte in data[begin : begin + _BYTES_PER_LINE])
        for begin in range(0, len(data), _BYTES_PER_LINE)
    ]
    return _HEADER.format(
        source=re.sub(r"[^ -~]|\*/|/\*|\?\?", "_", source),  # what would end the comment, or is no ASCII
        guard=f"CONVLET_{name.upper()}_H",
        name=name,
        size=len(data),
        alignment=ALIGNMENT,
        lines=",\n".join(lines),
    )


def name_of(model: Path) -> str:
    """The name of the array for a file: all that C does not take is an underscore, as in digits_cvl."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", Path(model).name).strip("_")
    return name if _IDENTIFIER.fullmatch(name) else f"model_{name}"


def check_name(name: str) -> str:
    """`name`. Raises ConvletError when it is no name for a variable in C and in C++."""
    if not _IDENTIFIER.fullmatch(name) or "__" in name or name in _KEYWORDS:
        wrong = "a keyword" if name in _KEYWORDS else "no name"
        raise ConvletError(
            f"{name!r} is {wrong} in C: expected a letter, then letters, digits and single underscores, "
            "such as digits_model"
        )
    return name


def _check_model(path: Path, data: bytes) -> None:
    """Raises ModelError unless the file is what its suffix says."""
    suffix = Path(path).suffix
    if suffix == ".cvl":
        with naming(path):
            read_cvl(data)
    elif suffix != ".tflite":
        raise ModelError(f"{path}: found {kind_of(data)}, expected a .tflite or .cvl file with this suffix")
    elif kind_of(data) != TFLITE:  # float models too: they need not be for Convlet
        raise ModelError(f"{path}: not {TFLITE}: found {kind_of(data)}")
