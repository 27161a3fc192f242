# Board:   any with MicroPython, and a sensor or recorded input: the firmware needs no module convlet
# Wiring:  that of mpu6050.py, or of another file like it
# Command: convlet capture data --label walking --count 20 --rows 100 --port PORT     starts this script on the board
#          for frames of a camera:   ... --sensor device/uart_camera.py --rows 96
#          for frames in a file:     ... --sensor device/pnm_camera.py --rows 96     with frame.pgm on the board
#          for recorded motion:      ... --sensor device/recorded_motion.py     with motion.csv on the board
#          without a board: micropython device/capture.py (in a folder with motion.csv)      and type 2
# Prints:  for each line that holds a number of rows a sample of as many, in lines "LENGTH CRC32 BASE64"; for 2
#          "4 235616df RGYgNg==
#           27 5f3e7d74 UgAAsHIovisYtT77y+49fow5vY4G8LxvEoM8
#           27 a4c03be7 UgEA5j9kvpT2Bj4tQxw+AAAAAD7oWTxPQJO9
#           1 d4b45a92 RQ=="
#
# The bytes in a line are a letter and:  "D"  text: type of the values, shape of a row
#                                        "R"  u16 number of the row, its values
#                                        "E"  nothing: the end of the sample
#                                        "X"  text: the sample broke off, for this reason
#                                        "Z"  nothing: there are no samples any more
# A sensor is a file with open_source(), which gives what MPU6050 in mpu6050.py is: row, shape, start(), read_row().
import struct
import sys
from array import array
from binascii import b2a_base64, crc32

if "open_source" not in globals():  # else `convlet capture` has sent a sensor's file
    try:
        from mpu6050 import open_source
    except ImportError:  # no machine.I2C
        from recorded_motion import open_source

output = sys.stdout.buffer


def send(data):
    output.write(b"%d %08x " % (len(data), crc32(data)) + b2a_base64(data))
    if hasattr(output, "flush"):
        output.flush()


def send_sample(source, rows):
    if not source.start():
        return send(b"Z")
    kind = "f" if isinstance(source.row, array) else "B"
    send(b"D" + " ".join([kind] + [str(length) for length in source.shape]).encode())
    for number in range(rows):
        row = source.read_row()
        if row is None:
            return send(b"Xthe source gave %d of %d rows" % (number, rows))
        send(b"R" + struct.pack("<H", number) + bytes(row))
    return send(b"E")


def serve(source):
    while True:
        line = sys.stdin.buffer.readline()
        if not line:
            return  # nobody is there any more
        line = line.strip()
        if line == b"end":
            return
        if line:  # an empty one ends a line that may have lost its end
            try:
                rows = int(line)
            except ValueError:
                send(b"Xno number of rows")
                continue
            send_sample(source, rows)


serve(open_source())
