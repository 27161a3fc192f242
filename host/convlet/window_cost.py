"""What it costs to read a `.cvl` through a window, measured."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from itertools import pairwise

from convlet.engine import Model
from convlet.format import HEADER, OPERATOR
from convlet.window import ram_bytes


@dataclass(frozen=True)
class WindowCost:
    """What a file costs that is read through the smallest window that it fits.

    `ram_bytes`: of the window and the file's head; the arena comes on top. `bytes_read`: for each image, or each step
    of a stream.
    """

    window_bytes: int
    ram_bytes: int
    bytes_read: int


def window_cost(cvl: bytes) -> WindowCost | None:
    """The cost for a good file; None for one whose head is too large to be kept."""
    window = _least_window(cvl)
    if window is None:
        return None
    return WindowCost(window, ram_bytes(cvl, window), bytes_read(cvl, window))


def bytes_read(cvl: bytes, window_bytes: int) -> int:
    """Bytes of a good file that each image reads through this window, or each step of a stream."""
    model = Model(io.BytesIO(cvl), window=window_bytes)
    run = _run_step if model._is_stream else _run_image
    run(model)  # the first finds something else in the window
    before = model.bytes_read
    run(model)
    return model.bytes_read - before


def _run_step(model: Model) -> None:
    while model.step(bytes(math.prod(model.input_shape))) is None:
        pass


def _run_image(model: Model) -> None:
    """On an image such as a model needs that reads it where it lies; others make their own."""
    shapes = model.input_shapes if not model._keeps_input_rows else ()
    model.profile(*(memoryview(bytes(math.prod(shape))).cast("b") for shape in shapes))


def _least_window(cvl: bytes) -> int | None:
    header = HEADER.unpack(cvl)
    head = header["head_words"] * 4
    if not head:
        return None
    records = [
        OPERATOR.unpack(cvl, HEADER.size + OPERATOR.size * index) for index in range(header["operator_count"])
    ]
    begins = [min((r[name] for name in ("weights", "table") if r[name] >= head), default=0) for r in records]
    begins = [begin for begin in begins if begin]
    return max((end - begin for begin, end in pairwise([*begins, len(cvl)])), default=1)
