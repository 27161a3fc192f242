"""Bytes as lines of text that show when they arrive damaged: `LENGTH CRC32 BASE64`.

Text, since a serial port of MicroPython takes byte 3 for Ctrl-C and may change line ends; lines, since after any damage
the next one is whole again. The scripts device/serial_classify.py and device/capture.py speak it.
"""

from __future__ import annotations

import base64
import binascii
import zlib


class DamagedLine(ValueError):
    """The line is none of ours, or lost or changed characters on its way."""


def pack(data: bytes) -> bytes:
    """The line that carries `data`, with its end."""
    return b"%d %08x %s\n" % (len(data), zlib.crc32(data), base64.b64encode(data))


def unpack(line: bytes) -> bytes:
    """The bytes that a line carries. Raises DamagedLine."""
    try:
        length, crc, text = line.strip().split(b" ")
        data = base64.b64decode(text, validate=True)
        if len(data) == int(length) and zlib.crc32(data) == int(crc, 16):
            return data
    except (ValueError, binascii.Error):
        pass
    raise DamagedLine(f"a line arrived damaged: {line[:60]!r}")
