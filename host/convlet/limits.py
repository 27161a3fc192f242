"""The size of models that the compiler takes, so that it ends in 20 seconds and 1 GB whatever the file says.

Each is far beyond what a microcontroller runs.
"""

from __future__ import annotations

from convlet.errors import ModelError

MOST_FILE_BYTES = 1 << 25  # of the .tflite, and of the weights of the .cvl
MOST_OPERATORS = 1000  # also tensors that an operator reads
MOST_VALUES = 1 << 24  # of all tensors of one image together
MOST_WORK = 1 << 30  # multiplications, and values that pools compare
MOST_ROW_OF_WINDOWS = 1 << 23  # values that all windows of one row see
MOST_ROWS = 1 << 18  # that all operators together make and read
MOST_ARENA_BYTES = 1 << 24
MOST_PLACED_ROWS = 2048  # that may have places of their own, instead of rings: packing takes the square of it
MOST_EFFORT = 300_000  # rows made and read in all parts of the program that the planner tries


def check_limit(name: str, what: str, found: int, most: int) -> None:
    """Raises ModelError saying that `name` has `found` of `what` when that is more than `most`."""
    if found > most:
        raise ModelError(f"{name} has {found:,} {what}, expected at most {most:,}")
