"""What one inference, or a stream's step, takes on a Raspberry Pi Pico in cycles of its processor, also by operator."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from convlet.board import Board
from convlet.boards import find
from convlet.errors import BoardError

CYCLES_PER_US = find("pico").clock_mhz or 0  # its clock in MHz
CLOCK_HZ = CYCLES_PER_US * 1_000_000
_MOST_PROFILES = 20
_SECONDS = 300  # of waiting for a large model in a slow emulator

# The whole: SysTick around one run, less an empty measurement; see device/cycles.py. It counts 24 bits, down: what
# takes longer is timed by the clock, whose steps are then too short to matter; so is what reads a file, since the board
# is interrupted meanwhile. The operators: profile(), whose clock has steps of a microsecond for each row, so that the
# mean of several runs is taken.
_PROFILE = """
from array import array
from machine import disable_irq, enable_irq, mem32
from time import ticks_diff, ticks_us
import convlet
def _cycles(call, arguments):
    before = mem32[0xE000E010], mem32[0xE000E014]
    state = disable_irq()
    mem32[0xE000E014] = 0xFFFFFF
    mem32[0xE000E018] = 0
    mem32[0xE000E010] = 5
    start = mem32[0xE000E018]
    call(*arguments)
    end = mem32[0xE000E018]
    enable_irq(state)
    mem32[0xE000E010], mem32[0xE000E014] = before[0] & 7, before[1]
    return start - end & 0xFFFFFF
_model = convlet.Model({file!r}{window})
_run = _model.{run}
_images = [array("b", bytes(h * w * c)) for h, w, c in _model.input_shapes]
for _ in range({before}):
    _run(*_images)
_read = _model.bytes_read
_start = ticks_us()
_run(*_images)
_us = ticks_diff(ticks_us(), _start)
_read = _model.bytes_read - _read
if _us < 100_000 and not _read:
    _cycles(_run, _images)
    _whole = _cycles(_run, _images) - _cycles(id, (1,))
else:
    _whole = _us * {cycles_per_us}
_profiles = [_model.profile(*_images) for _ in range(min({most_profiles}, max(1, 40_000 // _us)))]
_rows = [(_of[0][0], sum([_row[1] for _row in _of]), _of[0][2]) for _of in zip(*_profiles)]
print((_whole, _read, len(_profiles), _rows))
"""


@dataclass(frozen=True)
class OperatorCycles:
    """Of all rows of one operator in an inference."""

    kind: str
    macs: int
    cycles: int


@dataclass(frozen=True)
class PicoProfile:
    """Cycles of one inference, or of a stream's step, and bytes that it reads through a window; `runs` is of how many
    the operators have the mean. A stream has none.
    """

    cycles: int
    operators: tuple[OperatorCycles, ...]
    runs: int
    bytes_read: int = 0

    @property
    def between(self) -> int:
        """Cycles that no operator has: of the call from Python, and of the engine between the rows."""
        return self.cycles - sum(each.cycles for each in self.operators)


def profile_on_pico(board: Board, file: str, window: int = 0, steps_before: int = 0) -> PicoProfile:
    """Run the model in the file `file` of a Pico, on images or steps of zeros. Raises BoardError.

    Args: `window` the bytes through which its weights are read from the file, in the time of the operators; 0: the file
    is copied to RAM. `steps_before`: of a stream, which has none behind it at first; 0: the model is none.

    >>> from convlet import board, emulate, firmware
    >>> files = {"digits.cvl": Path("digits.cvl").read_bytes()}
    >>> with emulate.pico(firmware.build("pico").image, files) as running, board.connect(running.port) as connected:
    ...     found = profile_on_pico(connected, "digits.cvl")
    >>> [each.kind for each in found.operators]
    ['INPUT', 'CONV_2D_MAX_POOL', 'CONV_2D_WIDE']
    >>> found.between + sum(each.cycles for each in found.operators) == found.cycles
    True
    """
    script = _PROFILE.format(
        file=file,
        window=f", window={window}" if window else "",
        run="step" if steps_before else "run",
        before=steps_before or 1,
        most_profiles=0 if steps_before else _MOST_PROFILES,
        cycles_per_us=CYCLES_PER_US,
    )
    printed = board.run(script, seconds=_SECONDS)
    try:
        whole, read, runs, rows = ast.literal_eval(printed)
    except (SyntaxError, ValueError) as error:
        raise BoardError(f"the board gave no profile, but {printed!r}") from error
    operators = (OperatorCycles(kind, macs, round(us * CYCLES_PER_US / runs)) for kind, us, macs in rows)
    return PicoProfile(whole, tuple(operators), runs, read)
