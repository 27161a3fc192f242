# Board:   any with MicroPython and an MPU6050, a sensor of acceleration and rotation (GY-521 and others)
# Wiring:  VCC to 3V3, GND to GND, SDA to GP4, SCL to GP5, AD0 open or to GND; other pins: open_source below
# Command: mpremote cp device/mpu6050.py :     for imu_gesture.py; `convlet capture` sends it by itself
# Prints:  nothing: a module
#
# Ten rows a second, each the mean of five readings: acceleration in m/s2 along x, y, z, then rotation in rad/s about
# x, y, z. Registers: "MPU-6000 and MPU-6050 Register Map and Descriptions", revision 4.2.
import struct
import time
from array import array

from machine import I2C, Pin

READINGS_PER_ROW = 5
ROWS_PER_SECOND = 10
ADDRESS = 0x68  # 0x69 with AD0 high
SMPLRT_DIV, CONFIG, GYRO_CONFIG, ACCEL_CONFIG = 0x19, 0x1A, 0x1B, 0x1C
INT_ENABLE, INT_STATUS, ACCEL_XOUT_H, PWR_MGMT_1, WHO_AM_I = 0x38, 0x3A, 0x3B, 0x6B, 0x75
DATA_READY = 1
LATEST_MS = 1000  # a reading takes 20 ms
MS2_PER_LSB = 9.80665 / 8192  # +-4 g
RADS_PER_LSB = 3.14159265 / 180 / 16.4  # +-2000 degrees a second


class MPU6050:
    """A source of rows: `row`, array("f") of the shape `shape`, which `read_row` fills."""

    shape = (6,)

    def __init__(self, i2c, address=ADDRESS):
        self.i2c, self.address = i2c, address
        self.row = array("f", [0] * 6)
        self._raw = bytearray(14)
        self._status = bytearray(1)
        try:
            i2c.readfrom_mem_into(address, WHO_AM_I, self._status)
        except OSError:
            raise OSError(
                f"no MPU6050 answers at {address:#x} of {i2c}; there answer {[hex(at) for at in i2c.scan()]}"
            ) from None
        if self._status[0] != ADDRESS:
            raise OSError(
                f"at {address:#x} answers no MPU6050: WHO_AM_I is {self._status[0]:#x}, expected 0x68"
            )
        self._set(PWR_MGMT_1, 1)  # awake, on the gyroscope's clock
        self._set(CONFIG, 4)  # low pass at 20 Hz, a clock of 1 kHz for the divider
        self._set(SMPLRT_DIV, 1000 // (ROWS_PER_SECOND * READINGS_PER_ROW) - 1)
        self._set(GYRO_CONFIG, 3 << 3)
        self._set(ACCEL_CONFIG, 1 << 3)
        self._set(INT_ENABLE, DATA_READY)

    def start(self):
        return True

    def read_row(self):
        """Wait for the next readings. Raises OSError when the sensor does not answer."""
        sums = [0] * 6
        for _ in range(READINGS_PER_ROW):
            self._wait()
            self.i2c.readfrom_mem_into(self.address, ACCEL_XOUT_H, self._raw)
            ax, ay, az, _, gx, gy, gz = struct.unpack(">7h", self._raw)  # the fourth is the temperature
            for i, value in enumerate((ax, ay, az, gx, gy, gz)):
                sums[i] += value
        for i, value in enumerate(sums):
            self.row[i] = value * (MS2_PER_LSB if i < 3 else RADS_PER_LSB) / READINGS_PER_ROW
        return self.row

    def _set(self, register, value):
        self.i2c.writeto_mem(self.address, register, bytes([value]))

    def _wait(self):
        start = time.ticks_ms()
        while True:
            self.i2c.readfrom_mem_into(self.address, INT_STATUS, self._status)
            if self._status[0] & DATA_READY:
                return
            if time.ticks_diff(time.ticks_ms(), start) > LATEST_MS:
                raise OSError(f"the MPU6050 at {self.address:#x} has no reading after {LATEST_MS} ms")
            time.sleep_ms(1)


def open_source():
    return MPU6050(I2C(0, sda=Pin(4), scl=Pin(5), freq=400_000))
