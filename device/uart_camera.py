# Board:   any with MicroPython, and a camera with a processor of its own that runs frame_sender.py or speaks as it does
# Wiring:  the camera's TX to GP5, its RX to GP4, GND to GND; other pins and UARTs: open_source below
# Command: mpremote cp device/uart_camera.py :     for camera_rows.py; `convlet capture` sends it by itself
# Prints:  nothing: a module
#
# The board asks for each row when it has room for it, so that no frame is lost, at any baud rate. A question is a line
# of text, whose last word is the CRC-32 of the words before it. An answer is bytes, the last four the CRC-32 of the
# question (without its line's end) and the bytes before them. Numbers are little endian.
#   "F 7 a66fa9cd"      a frame, which the board calls 7    u8 values of a pixel, u16 width, u16 rows; 0, 0, 0: the end
#   "R 7 12 6a7ef791"   row 12 of frame 7                   its pixels
# What arrives damaged gets no answer, or one that the board drops: it asks again, and gets the same.
import os
import struct
import time
from binascii import crc32

from machine import UART, Pin

BAUD = 921600
TRIES = 5  # of each question
ANSWER_MS = 1000  # a camera takes as long to expose a frame
QUIET_MS = 50  # without a byte: nothing more comes


class UartCamera:
    """A source of rows: `row`, bytes of the shape `shape`, which `read_row` fills after `start`.

    `repeated` counts the questions that had to be asked again.
    """

    def __init__(self, uart):
        self.uart = uart
        self.shape = (0, 0)
        self.rows_left = 0
        self.repeated = 0
        self._height = 0
        self._frame = int.from_bytes(os.urandom(2), "little")  # else a restarted board would get an old frame
        self._make_row(0)

    def start(self):
        """Ask for a new frame. False when there is none any more. Raises OSError when the camera does not answer."""
        self._frame = (self._frame + 1) & 0xFFFF
        answer = bytearray(9)
        if not self._ask(f"F {self._frame}", answer):
            raise OSError(
                f"the camera on {self.uart} gave no frame, asked {TRIES} times: "
                "does it run, are both lines wired, is this its baud rate?"
            )
        colours, width, self._height = struct.unpack_from("<BHH", answer)
        self.rows_left = self._height
        self.shape = (width, colours)
        if len(self.row) != width * colours:
            self._make_row(width * colours)
        return self.rows_left > 0

    def read_row(self):
        """The next row, or None when the frame has no more or broke off."""
        if self.rows_left == 0:
            return None
        if not self._ask(f"R {self._frame} {self._height - self.rows_left}", self._answer):
            self.rows_left = 0
            return None
        self.rows_left -= 1
        return self.row

    def _make_row(self, size):
        self._answer = bytearray(size + 4)
        self.row = memoryview(self._answer)[:size]

    def _ask(self, words, answer):
        """Fill `answer` with what the camera says. False when that came damaged, or nothing, TRIES times."""
        question = b"%s %08x" % (words.encode(), crc32(words.encode()))
        for _ in range(TRIES):
            while self.uart.any():  # what came too late
                self.uart.read(self.uart.any())
            self.uart.write(question + b"\n")
            if self.uart.readinto(answer) == len(answer):
                crc = struct.unpack_from("<I", answer, len(answer) - 4)[0]
                if crc32(memoryview(answer)[:-4], crc32(question)) == crc:
                    return True
            self.repeated += 1
            self.uart.write(b"\n")  # ends a question that lost its end
            time.sleep_ms(QUIET_MS)
        return False


def open_source():
    return UartCamera(
        UART(1, BAUD, tx=Pin(4), rx=Pin(5), rxbuf=4096, timeout=ANSWER_MS, timeout_char=QUIET_MS)
    )
