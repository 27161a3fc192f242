# In the place of MicroPython's machine on the unix port: an I2C bus with an MPU6050, whose readings of 14 bytes lie one
# behind the other in the file `readings`, and a UART that receives the file `received`, with pauses where it says so.
# ruff: noqa: PTH123, SIM115
PAUSE = b"--pause--"
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


class UART:
    def __init__(self, number, baud, tx, rx, **settings):
        assert (number, tx.number, rx.number) == (1, 4, 5)
        with open("received", "rb") as file:
            self.parts = file.read().split(PAUSE)

    def readline(self):
        part = self.parts[0]
        line = part[: part.find(b"\n") + 1] or part
        return (
            self._take(len(line)) if self.parts != [b""] else b""
        )  # the end, for the test; a real one waits

    def readinto(self, buffer):
        data = self._take(min(len(buffer), 100))
        if data:
            buffer[: len(data)] = data
            return len(data)
        return None

    def _take(self, count):
        data, self.parts[0] = self.parts[0][:count], self.parts[0][count:]
        if not data and len(self.parts) > 1:
            self.parts.pop(0)
        return data or None
