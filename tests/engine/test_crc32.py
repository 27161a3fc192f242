import random
import struct
import zlib

import convlet
import pytest
from chain import digits_chain
from convlet.compile import compile_tflite

CVL = compile_tflite(digits_chain().build()).cvl


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 15, 16, 17, 1000])
def test_crc_equals_zlibs(size):
    """The engine tells the CRC that it found when it differs from the header's, which is 0 here."""
    data = CVL + random.Random(size).randbytes(size)
    data = CVL[:4] + bytes(4) + struct.pack("<I", len(data)) + data[12:]
    with pytest.raises(ValueError, match=f"checksum 0x{zlib.crc32(data[8:]):08x}, expected 0x00000000"):
        convlet.check(data)
