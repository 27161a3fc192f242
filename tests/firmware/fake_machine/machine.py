# In the place of MicroPython's machine on the unix port: an I2C bus with an MPU6050, whose readings of 14 bytes lie one
# behind the other in the file `readings`.
# ruff: noqa: PTH123, SIM115
WHO_AM_I, INT_ENABLE, INT_STATUS, ACCEL_XOUT_H = 0x75, 0x38, 0x3A, 0x3B


class Pin:
    def __init__(self, number):
        self.number = number


class I2C:
    def __init__(self, number, sda, scl, freq):
        assert (number, sda.number, scl.number, freq) == (0, 4, 5, 400_000)
        self.readings = open("readings", "rb")
        self.written = {}
        self.asked = 0

    def writeto_mem(self, address, register, data):
        assert address == 0x68
        self.written[register] = data[0]

    def readfrom_mem_into(self, address, register, buffer):
        assert address == 0x68
        if register == WHO_AM_I:
            buffer[0] = 0x68
        elif register == INT_STATUS:  # a new reading at every second look
            self.asked += 1
            buffer[0] = self.written[INT_ENABLE] & self.asked & 1
        elif self.readings.readinto(buffer) < len(buffer):
            raise OSError(5, "the sensor is gone")
