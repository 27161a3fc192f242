# Board:   any with MicroPython; Python on a PC too
# Wiring:  none: in the place of mpu6050.py, where there is no sensor
# Command: convlet recording motion     makes motion.csv, which this module plays
# Prints:  nothing: a module
#
# A line of motion.csv is a row: six numbers, as those of mpu6050.py.
from array import array

MOTION = "motion.csv"


class RecordedMotion:
    """A source of rows: `row`, array("f") of the shape `shape`, which `read_row` fills."""

    shape = (6,)

    def __init__(self, name):
        self.file = open(name)  # noqa: SIM115
        self.row = array("f", [0] * 6)

        self._next = self.file.readline()

    def start(self):
        """False when there are no rows any more."""
        return bool(self._next)

    def read_row(self):
        """The next row, or None at the end."""
        if not self._next:
            return None
        for i, value in enumerate(self._next.split(",")):
            self.row[i] = float(value)
        self._next = self.file.readline()
        return self.row


def open_source(name=MOTION):
    return RecordedMotion(name)
