# Board:   any with MicroPython; Python on a PC too
# Wiring:  none: in the place of mpu6050.py, where there is no sensor
# Command: convlet recording motion     makes motion.csv, which this module plays
# Prints:  nothing: a module
#
# A line of motion.csv is a row: six numbers, as those of mpu6050.py.
from array import array

MOTION = "motion.csv"


class RecordedMotion:
    """A source of rows: `row`, array("f") of six values, which `read_row` fills."""

    def __init__(self, name):
        self.file = open(name)  # noqa: SIM115
        self.row = array("f", [0] * 6)

    def read_row(self):
        """The next row, or None at the end."""
        line = self.file.readline()
        if not line:
            return None
        for i, value in enumerate(line.split(",")):
            self.row[i] = float(value)
        return self.row


def open_source(name=MOTION):
    return RecordedMotion(name)
