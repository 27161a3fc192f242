"""Classifies images on a board that runs device/serial_classify.py, which describes what is said on the line."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convlet.checked_line import SILENT_SECONDS, CheckedLine, DamagedLine, Port, pack
from convlet.errors import BoardError
from convlet.graph import Shape
from convlet.quantization import quantize

PART_BYTES = 768  # of an image in one line: its text and what the board makes of it fit in any board's RAM
TRIES = 4  # of each request
_DESCRIPTION = struct.Struct("<HHHfbH")


@dataclass(frozen=True)
class Description:
    """What the model on the board takes and gives: `scale` and `zero_point` are those of its input."""

    input_shape: Shape
    scale: float
    zero_point: int
    scores: int


@dataclass(frozen=True)
class Answer:
    """scores: int8[outputs]; the time is that of the inference alone."""

    scores: NDArray[np.int8]
    microseconds: int


class SerialClient:
    """Speaks with device/serial_classify.py. What arrives damaged is sent again; `repeated` counts that."""

    def __init__(self, port: Port, silent_seconds: float = SILENT_SECONDS) -> None:
        self.line = CheckedLine(port, silent_seconds)
        self.repeated = 0
        self._number = 0
        self.description = self._describe()

    def classify(self, image: NDArray[np.float32]) -> Answer:
        """The scores of one image of real values, float32[...input shape]. Raises BoardError."""
        wanted = self.description
        if image.size != np.prod(wanted.input_shape):
            shape = " x ".join(map(str, wanted.input_shape))
            raise BoardError(
                f"the image has {image.size} values, the input of the board's model has {shape}: "
                "is it another model, or a stream?"
            )
        data = quantize(image, wanted.scale, wanted.zero_point).tobytes()
        for offset in range(0, len(data), PART_BYTES):
            part = data[offset : offset + PART_BYTES]
            answer = self._ask(b"I" + struct.pack("<I", offset) + part)
        if answer[:1] != b"S" or len(answer) != 5 + wanted.scores:
            raise BoardError(f"the board gave no scores for an image but {answer[:60]!r}")
        return Answer(np.frombuffer(answer[5:], np.int8), struct.unpack_from("<I", answer, 1)[0])

    def end(self) -> None:
        """Let the script on the board end."""
        self.line.port.write(pack(self._numbered(b".")))

    def _describe(self) -> Description:
        answer = self._ask(b"?")
        if answer[:1] != b"D" or len(answer) != 1 + _DESCRIPTION.size:
            raise BoardError(f"the board did not describe its model but said {answer[:60]!r}")
        height, width, channels, scale, zero_point, scores = _DESCRIPTION.unpack(answer[1:])
        return Description((height, width, channels), scale, zero_point, scores)

    def _numbered(self, request: bytes) -> bytes:
        self._number = self._number % 255 + 1  # 0 is for what the board could not read
        return bytes([self._number]) + request

    def _ask(self, request: bytes) -> bytes:
        """The answer to `request`. Raises BoardError when it fails again and again, or the board finds it wrong."""
        message = self._numbered(request)
        for _ in range(TRIES):
            self.line.port.write(pack(message))
            try:
                answer = self._answer_to(message[0])
            except DamagedLine as error:
                fault = str(error)
                self.repeated += 1
                self.line.wait_until_quiet()
                continue
            if answer[:1] == b"X":
                raise BoardError(f"the board says: {answer[1:].decode(errors='replace')}")
            return answer
        raise BoardError(f"the line to the board is too bad: {TRIES} times in a row {fault}")

    def _answer_to(self, number: int) -> bytes:
        """Without its number. Raises DamagedLine when the request or the answer arrived damaged."""
        while True:
            answer = self.line.receive()
            if answer[:1] == b"\0":
                raise DamagedLine(f"the board said: {answer[2:].decode(errors='replace')}")
            if answer[:1] == bytes([number]):
                return answer[1:]
            # Else it is late, to a request that was sent again.
