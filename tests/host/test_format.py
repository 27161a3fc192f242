import struct

import pytest
from convlet._engine import ffi
from convlet.engine_build import ENGINE
from convlet.format import HEADER, MAGIC, OPERATOR, OPERATORS, PORT, RECORDS, STATE, c_header


def test_the_c_header_is_not_stale():
    assert (ENGINE / "format.h").read_text() == c_header(), "run scripts/generate_format_h.py"


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_c_lays_out_records_alike(record):
    kind = f"cvl_{record.name}_t"
    assert ffi.sizeof(kind) == record.size
    offset = 0
    for name, code, _ in record.fields:
        assert ffi.offsetof(kind, name) == offset, name
        offset += struct.calcsize("<" + code)


def test_records_have_no_gaps_between_them():
    """All in the file are read at offsets that are multiples of 4 when the file's begin is."""
    assert [record.size % 4 for record in RECORDS if record is not STATE] == [0] * (len(RECORDS) - 1)
    assert HEADER.unpack(MAGIC + bytes(HEADER.size))["magic"] == b"CVL1"


def test_operator_codes_stay_as_they_are():
    """Files name operators by these numbers: new ones go behind."""
    assert OPERATORS[:5] == ("INPUT", "CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED", "RESHAPE")


def test_pack_and_unpack():
    values = {"op_index": 513, "zero_point": -3, "reserved": 0, "scale": 0.5}
    assert PORT.pack(**values) == b"\x01\x02\xfd\0\0\0\0\x3f"
    assert PORT.unpack(b"??" + PORT.pack(**values), 2) == values


def test_pack_refuses_what_does_not_fit():
    good = dict.fromkeys((name for name, _, _ in OPERATOR.fields), 0)
    assert len(OPERATOR.pack(**good)) == OPERATOR.size
    with pytest.raises(struct.error):
        OPERATOR.pack(**good | {"height": 65536})
    with pytest.raises(KeyError):
        OPERATOR.pack(height=1)
    with pytest.raises(TypeError, match="operator has no field depth, size"):
        OPERATOR.pack(**good, size=1, depth=1)
    with pytest.raises(struct.error):
        OPERATOR.unpack(bytes(OPERATOR.size - 1))
