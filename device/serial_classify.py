# Board:   any with MicroPython and the module convlet; Python on a PC too
# Wiring:  none: the USB cable. For a serial adapter: its TX to GP1, its RX to GP0, GND to GND, and UART = 0 below
# Command: convlet evaluate digits.test.npz --port PORT             (it starts this script, with digits.cvl there)
#          convlet evaluate digits.test.npz --port PORT --attach    (where this script is the board's main.py)
#          micropython device/serial_classify.py digits.cvl         (no board: type a line; Python does it too)
# Prints:  an answer to each line. Lines are "LENGTH CRC32 BASE64": to "2 eea40e83 AT8=" it answers
#          "15 7c414f28 AUQIAAgAAQCBgIA7gAoA", what the model's input is
#
# The bytes in a line are a number that the answer repeats, a letter, and:
#   host:  "?"  nothing                         what does the model want?
#          "I"  u32 offset, int8 values         a part of an image; with its last part comes the inference
#          "."  nothing                         the end
#   board: "D"  u16 height, width, channels, f32 scale, i8 zero point, u16 scores
#          "A"  nothing                         the part is taken
#          "S"  u32 microseconds, int8 scores   of the image
#          "X"  text                            an error
# A line that arrives damaged changes nothing: it is answered with an error, and the host sends it again.
import struct
import sys
import time
from array import array
from binascii import a2b_base64, b2a_base64, crc32

import convlet

UART = None  # 0 or 1: the number of a machine.UART instead of USB
BAUD = 115200


def open_line():
    """What has readline() and what has write()."""
    if UART is None:
        return sys.stdin.buffer, sys.stdout.buffer
    import machine

    uart = machine.UART(UART, BAUD, rxbuf=2048, timeout=1000, timeout_char=1000)
    return uart, uart


def microseconds():
    return time.ticks_us() if hasattr(time, "ticks_us") else time.perf_counter_ns() // 1000


def elapsed(start):
    return time.ticks_diff(time.ticks_us(), start) if hasattr(time, "ticks_us") else microseconds() - start


def unpack(line):
    """The bytes that a line carries. Raises ValueError when it arrived damaged."""
    try:
        length, crc, text = line.split(b" ")
        data = a2b_base64(text)
        if len(data) == int(length) and crc32(data) == int(crc, 16):
            return data
    except ValueError:
        pass
    raise ValueError(f"a line of {len(line)} characters arrived damaged")


class Server:
    def __init__(self, model):
        self.model = model
        height, width, channels = model.input_shape
        self.image = array("b", bytes(height * width * channels))

    def answer(self, data):
        """The letter and the bytes of the answer to a letter and its bytes."""
        if data[:1] == b"?":
            return b"D" + struct.pack(
                "<HHHfbH",
                *self.model.input_shape,
                self.model.input_scale,
                self.model.input_zero_point,
                len(self.model.output),
            )
        if data[:1] == b"I":
            return self.take(struct.unpack_from("<I", data, 1)[0], data[5:])
        raise ValueError(f"{data[:1]} is no request")

    def take(self, offset, values):
        end = offset + len(values)
        if end > len(self.image):
            raise ValueError(f"got values up to {end}, the model's input has {len(self.image)}")
        self.image[offset:end] = array("b", values)
        if end < len(self.image):
            return b"A"
        start = microseconds()
        scores = self.model.run(self.image)
        return b"S" + struct.pack("<I", elapsed(start)) + bytes(scores)


def serve(server, reader, writer):
    while True:
        line = reader.readline()
        if line == b"":
            return  # nobody is there any more
        line = line and line.strip()
        if not line:
            continue  # the host ends a line that may have lost its end; or a UART's timeout
        number = b"\x00"  # of no request
        try:
            data = unpack(line)
            number = data[:1]
            if data[1:] == b".":
                return
            reply = server.answer(data[1:])
        except ValueError as error:
            reply = b"X" + str(error).encode()
        reply = number + reply
        writer.write(b"%d %08x " % (len(reply), crc32(reply)) + b2a_base64(reply))
        if hasattr(writer, "flush"):
            writer.flush()


if "MODEL" not in globals():  # else `convlet evaluate` has set it
    argv = getattr(sys, "argv", [])
    MODEL = argv[1] if len(argv) > 1 else "digits.cvl"
serve(Server(convlet.Model(MODEL)), *open_line())
