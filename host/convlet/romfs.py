"""Images of MicroPython's ROMFS, whose files a board reads where they lie in its flash.

An image is a record that holds records: a kind, the bytes of its payload, the payload; numbers have 7 bits in a byte.
mpremote writes one without gaps. Here each file lies aligned, behind a record of padding: where its file does not, the
engine takes slower paths, of up to 1.8 times the instructions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

ALIGNMENT = 4
HEADER = b"\xd2\xcd\x31"  # the kind of the record that is the image
HEADER_BYTES = 8
PADDING, DATA, POINTER, FOLDER, FILE = 1, 2, 3, 4, 5  # kinds of the others
_SIZE_BYTES = 4  # of the sizes that are written here: what lies behind one does not move when it grows


class _Record(NamedTuple):
    kind: int
    start: int
    end: int


def build(files: Mapping[str, bytes]) -> bytes:
    """An image with these files, in this order; a name may have folders: `lib/a.mpy`.

    >>> image = build({"digits.cvl": Path("digits.cvl").read_bytes()})
    >>> image.index(b"CVL") % 4
    0
    """
    records = _records_of(files, HEADER_BYTES)
    return HEADER + _number(len(records), HEADER_BYTES - len(HEADER)) + records


def image_bytes(head: bytes) -> int:
    """How long the image is that begins with `head`, its first HEADER_BYTES or more; 0 when that is none."""
    if not head.startswith(HEADER):
        return 0
    size, start = _read_number(head, len(HEADER))
    return start + size


def files_in(image: bytes) -> dict[str, bytes]:
    """The files of an image by name, those in folders with a slash; what no name leads to is left out."""
    _, start = _read_number(image, len(HEADER))
    return dict(_files_between(image, start, image_bytes(image), start, ""))


def _records_of(files: Mapping[str, bytes], at: int) -> bytes:
    """The records of a folder that begins at byte `at` of the image."""
    records = b""
    for name in dict.fromkeys(path.partition("/")[0] for path in files):
        start = at + len(records) + 1 + _SIZE_BYTES
        inside = {path.partition("/")[2]: data for path, data in files.items() if path.startswith(f"{name}/")}
        encoded = name.encode()
        payload = _number(len(encoded)) + encoded
        if inside:
            records += _record(FOLDER, payload + _records_of(inside, start + len(payload)))
            continue
        data_at = start + len(payload) + 2 + 1 + _SIZE_BYTES
        padding = bytes(-data_at % ALIGNMENT)
        payload += bytes([PADDING, len(padding)]) + padding + _record(DATA, files[name])
        records += _record(FILE, payload)
    return records


def _record(kind: int, payload: bytes) -> bytes:
    return bytes([kind]) + _number(len(payload), _SIZE_BYTES) + payload


def _number(value: int, size: int = 1) -> bytes:
    """Seven bits a byte, the high ones first, in `size` bytes or as many more as it takes."""
    size = max(size, -(-value.bit_length() // 7))
    digits = [value >> 7 * place & 0x7F for place in reversed(range(size))]
    return bytes([*(0x80 | digit for digit in digits[:-1]), digits[-1]])


def _read_number(image: bytes, at: int) -> tuple[int, int]:
    """The number at byte `at`, and where it ends; a damaged image may end in it."""
    value = 0
    while at < len(image):
        byte = image[at]
        value, at = value << 7 | byte & 0x7F, at + 1
        if not byte & 0x80:
            break
    return value, at


def _records_between(image: bytes, at: int, end: int) -> Iterator[_Record]:
    """As far as the firmware reads them: it stops at what is no record."""
    while at < end:
        kind, at = _read_number(image, at)
        size, at = _read_number(image, at)
        if kind == 0 or at + size > end:
            return
        yield _Record(kind, at, at + size)
        at += size


def _files_between(image: bytes, at: int, end: int, base: int, folder: str) -> Iterator[tuple[str, bytes]]:
    for record in _records_between(image, at, end):
        if record.kind not in (FOLDER, FILE):
            continue
        length, start = _read_number(image, record.start)
        inside = start + length
        name = folder + image[start:inside].decode(errors="replace")
        if record.kind == FOLDER:
            yield from _files_between(image, inside, record.end, base, f"{name}/")
            continue
        for part in _records_between(image, inside, record.end):
            if part.kind == DATA:
                yield name, image[part.start : part.end]
                break
            if part.kind == POINTER:
                size, place = _read_number(image, part.start)
                offset, _ = _read_number(image, place)
                yield name, image[base + offset : base + offset + size]
                break
