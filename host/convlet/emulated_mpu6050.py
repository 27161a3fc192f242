"""An MPU6050 on the I2C bus of the emulated Pico, which feels recorded motion again and again.

It has the registers that device/mpu6050.py uses, and always a new reading: the emulator is much slower than a Pico, and
a recording cannot wait. Registers: "MPU-6000 and MPU-6050 Register Map and Descriptions", revision 4.2.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

from rp2040py.peripherals.i2c import I2CMode

from convlet.recordings import MOTION_ROWS_PER_SECOND

ADDRESS = 0x68
_SMPLRT_DIV, _GYRO_CONFIG, _ACCEL_CONFIG = 0x19, 0x1B, 0x1C
_INT_ENABLE, _INT_STATUS, _ACCEL_XOUT_H, _PWR_MGMT_1, _WHO_AM_I = 0x38, 0x3A, 0x3B, 0x6B, 0x75
_SLEEP, _DATA_READY = 0x40, 1
_TEMPERATURE = -521 * 32  # 20 degrees Celsius


class Mpu6050:
    """The chip: registers, and a reading of the motion for each time that its bytes are read.

    Args: rows: acceleration in m/s2 along x, y, z and rotation in rad/s about x, y, z, ten times a second.
    """

    def __init__(self, rows: Sequence[Sequence[float]]) -> None:
        self.rows = rows
        self.readings = 0
        self.registers = bytearray(128)
        self.registers[_WHO_AM_I] = ADDRESS
        self.registers[_PWR_MGMT_1] = _SLEEP
        self._pointer = 0

    def begin_write(self, register: int) -> None:
        self._pointer = register % len(self.registers)

    def write(self, value: int) -> None:
        self.registers[self._pointer] = value
        self.begin_write(self._pointer + 1)

    def read(self) -> int:
        if self._pointer == _INT_STATUS:
            awake = not self.registers[_PWR_MGMT_1] & _SLEEP
            self.registers[_INT_STATUS] = self.registers[_INT_ENABLE] & _DATA_READY if awake else 0
        if self._pointer == _ACCEL_XOUT_H:
            self.registers[_ACCEL_XOUT_H : _ACCEL_XOUT_H + 14] = self._reading()
        value = self.registers[self._pointer]
        self.begin_write(self._pointer + 1)
        return value

    def _reading(self) -> bytes:
        per_second = 1000 / (1 + self.registers[_SMPLRT_DIV])
        row = self.rows[int(self.readings * MOTION_ROWS_PER_SECOND / per_second) % len(self.rows)]
        self.readings += 1
        per_g = 16384 >> (self.registers[_ACCEL_CONFIG] >> 3 & 3)
        per_degree = 131.2 / (1 << (self.registers[_GYRO_CONFIG] >> 3 & 3))
        acceleration = [value / 9.80665 * per_g for value in row[:3]]
        rotation = [math.degrees(value) * per_degree for value in row[3:]]
        values = [*acceleration, _TEMPERATURE, *rotation]
        return struct.pack(">7h", *(max(-32768, min(32767, round(value))) for value in values))


class Mpu6050OnI2C0:
    """The chip wired to I2C0: a device for rp2040py."""

    def __init__(self, rows: Sequence[Sequence[float]]) -> None:
        self.chip = Mpu6050(rows)

    def attach(self, rp2040: Any) -> None:
        self._bus = rp2040.i2c[0]
        self._bus.on_connect = self._connect
        self._bus.on_write_byte = self._write
        self._bus.on_read_byte = lambda ack: self._bus.complete_read(self.chip.read())

    def _connect(self, address: int, mode: I2CMode) -> None:
        self._names_register = mode == I2CMode.WRITE
        self._bus.complete_connect(address == ADDRESS)

    def _write(self, value: int) -> None:
        if self._names_register:
            self.chip.begin_write(value)
        else:
            self.chip.write(value)
        self._names_register = False
        self._bus.complete_write(True)
