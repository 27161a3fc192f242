# In the place of MicroPython's machine on the unix port: an I2C bus with an MPU6050, whose readings of 14 bytes lie one
# behind the other in the file `readings`, and a UART with a camera on it.
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


class UART:
    """To a camera that plays the frames in the file `frames`. It loses each LOSES-th byte of both directions: that in
    the file `loses`, or 0 for none, or 1 for all.
    """

    def __init__(self, number, baud, tx, rx, **settings):
        assert (number, tx.number, rx.number) == (1, 4, 5)
        from frame_sender import FrameSender
        from pnm_camera import open_source

        with open("loses") as file:
            self.loses = int(file.read())
        self.sender = FrameSender(open_source("frames"))
        self.bytes = 0
        self.asked = b""
        self.answered = b""

    def write(self, data):
        self.asked += self._arriving(data)
        while b"\n" in self.asked:
            question, self.asked = self.asked.split(b"\n", 1)
            self.answered += self._arriving(self.sender.answer(question) or b"")

    def any(self):
        return len(self.answered)

    def read(self, count):
        data, self.answered = self.answered[:count], self.answered[count:]
        return data

    def readinto(self, buffer):
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data) or None

    def _arriving(self, data):
        if not self.loses:
            return data
        first = self.bytes + 1
        self.bytes += len(data)
        return bytes([value for number, value in enumerate(data, first) if number % self.loses])
