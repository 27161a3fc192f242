# Board:   any with MicroPython; Python on a PC too
# Wiring:  none
# Command: mpremote cp device/pnm_camera.py :     for camera_rows.py; `convlet capture` sends it by itself
# Prints:  nothing: a module
#
# Frames as PGM (grey) or PPM (colours) one behind the other in a file: "P5" or "P6", width and height, "255", each a
# line of text, then the pixels, a byte for each colour. A frame that breaks off does not cost the next.
FRAME = "frame.pgm"
COLOURS = {b"P5\n": 1, b"P6\n": 3}


class PnmCamera:
    """A source of rows: `row`, a bytearray of the shape `shape`, which `read_row` fills after `start`."""

    def __init__(self, stream):
        self.stream = stream
        self.row = bytearray(0)
        self.shape = (0, 0)
        self.rows_left = 0

    def start(self):
        """Wait for the next frame. False when there is none any more."""
        line = self.stream.readline()
        while line != b"":
            # The line may begin with pixels of a frame that nobody read to its end.
            colours = COLOURS.get(line[-3:])
            line = self.stream.readline()
            if colours:
                try:
                    width, height = [int(number) for number in line.split()]
                except ValueError:
                    continue
                if self.stream.readline() == b"255\n":
                    self.rows_left = height
                    self.shape = (width, colours)
                    if len(self.row) != width * colours:
                        self.row = bytearray(width * colours)
                    return True
        return False

    def read_row(self):
        """The next row, or None when the frame has no more or broke off."""
        if self.rows_left == 0:
            return None
        self.rows_left -= 1
        return self.row if self.stream.readinto(self.row) == len(self.row) else None


def open_source(name=FRAME):
    return PnmCamera(open(name, "rb"))
