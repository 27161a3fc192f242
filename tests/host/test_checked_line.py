"""Lines that carry bytes: every change of one character is noticed."""

from __future__ import annotations

import pytest
from convlet.checked_line import DamagedLine, pack, unpack


@pytest.mark.parametrize("data", [b"a", bytes(range(256))])
def test_what_is_packed_is_unpacked(data: bytes) -> None:
    line = pack(data)
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert b"\x03" not in line and b"\x04" not in line  # which MicroPython's terminal takes for itself
    assert unpack(line) == unpack(line.strip() + b"\r\n") == data


def test_a_lost_or_changed_or_doubled_character_is_noticed() -> None:
    line = pack(b"four")
    assert line == b"4 90c1667d Zm91cg==\n"
    for at in range(len(line) - 1):
        kept = line[:at], line[at + 1 :]
        for damaged in (b"".join(kept), b"?".join(kept), line[:at] + line[at : at + 1] + line[at:]):
            with pytest.raises(DamagedLine, match="arrived damaged: b'"):
                unpack(damaged)
