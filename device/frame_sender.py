# Board:   a camera with MicroPython (OpenMV, ESP32-CAM ...), or one that plays a camera; Python with pyserial on a PC
# Wiring:  TX to RX and RX to TX of the board with uart_camera.py, GND to GND; a PC's adapter must have 3.3 V
# Command: python device/frame_sender.py frames.ppm /dev/ttyUSB0 921600     plays recorded frames; Ctrl-C ends it
#          mpremote cp device/pnm_camera.py frame.pgm : + run device/frame_sender.py      on UART 1 of a board
#          on a camera: with another open_source, of a class as PnmCamera in pnm_camera.py
# Prints:  for each frame its size, such as "frame 1: 96 rows of 96 x 3 bytes"
#
# Answers the questions that uart_camera.py describes. No more than a row is in RAM.
import struct
import sys
from binascii import crc32

from pnm_camera import open_source

BAUD = 921600
END = (0, 0, 0)  # of a question for a frame


class FrameSender:
    def __init__(self, source):
        self.source = source
        self.frame = None  # the board's number of the frame that is sent
        self.size = END
        self.row = -1  # the number of the row in the source's `row`
        self.frames = 0

    def answer(self, question):
        """The bytes to send. None when the question arrived damaged, or has no answer."""
        try:
            words, crc = question.rsplit(b" ", 1)
            if int(crc, 16) != crc32(words):
                return None
            letter, frame, *row = words.split(b" ")
            data = self._describe(int(frame)) if letter == b"F" else self._read(int(frame), int(row[0]))
        except (ValueError, IndexError):
            return None
        return data and data + struct.pack("<I", crc32(data, crc32(question)))

    def _describe(self, frame):
        if frame != self.frame:  # else the answer did not arrive
            self.frame, self.row, self.size = frame, -1, END
            if self.source.start():
                width, colours = self.source.shape
                self.size = (colours, width, self.source.rows_left)
                self.frames += 1
                print(f"frame {self.frames}: {self.size[2]} rows of {width} x {colours} bytes")
        return struct.pack("<BHH", *self.size)

    def _read(self, frame, row):
        if frame != self.frame:
            return None
        if row == self.row + 1 and self.source.read_row() is not None:
            self.row = row
        return bytes(self.source.row) if row == self.row else None


def open_line(argv):
    """What has readline() and write()."""
    if len(argv) > 2:
        from serial import serial_for_url

        return serial_for_url(argv[2], baudrate=int(argv[3]) if len(argv) > 3 else BAUD)
    from machine import UART, Pin

    return UART(1, BAUD, tx=Pin(4), rx=Pin(5), rxbuf=256, timeout=1000, timeout_char=1000)


def serve(sender, line):
    while True:
        question = line.readline()
        reply = question and sender.answer(question.strip())
        if reply:
            line.write(reply)


if __name__ == "__main__":
    argv = getattr(sys, "argv", [])
    try:  # noqa: SIM105
        serve(FrameSender(open_source(*argv[1:2])), open_line(argv))
    except KeyboardInterrupt:
        pass
