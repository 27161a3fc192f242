"""The emulated sensor: its registers."""

from __future__ import annotations

import struct

from convlet.emulated_mpu6050 import Mpu6050

ROWS = [[9.80665, -9.80665, 0, 1, -1, 40], [0] * 6]


def read(chip: Mpu6050, register: int, count: int) -> bytes:
    chip.begin_write(register)
    return bytes(chip.read() for _ in range(count))


def test_it_sleeps_until_it_is_woken() -> None:
    chip = Mpu6050(ROWS)
    assert read(chip, 0x75, 1) == b"\x68"
    chip.begin_write(0x38)
    chip.write(1)
    assert read(chip, 0x3A, 1) == b"\0"
    chip.begin_write(0x6B)
    chip.write(1)
    assert read(chip, 0x3A, 1) == b"\1"


def test_readings_in_the_chosen_ranges_at_the_chosen_rate() -> None:
    chip = Mpu6050(ROWS)
    chip.begin_write(0x19)
    for value in (49, 0, 3 << 3, 1 << 3):  # 20 a second, 2000 degrees a second, 4 g
        chip.write(value)
    first, second, third = (struct.unpack(">7h", read(chip, 0x3B, 14)) for _ in range(3))
    assert first == second  # a row is a tenth of a second
    assert first[:3] == (8192, -8192, 0)
    assert first[4:] == (940, -940, 32767)  # 57.3 degrees of 16.4 steps; 40 rad/s are more than it can tell
    assert third[:3] == third[4:] == (0, 0, 0)
    assert struct.unpack(">7h", read(chip, 0x3B, 14)) == third
    assert struct.unpack(">7h", read(chip, 0x3B, 14)) == first  # from the beginning
