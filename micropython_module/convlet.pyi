"""The MicroPython module `convlet`, for editors: small int8 CNNs, compiled to .cvl files, at C speed.

Put this file beside your scripts. On a laptop `import convlet` has the same names.
"""

from typing import Any, overload

# An image, or rows of one: a buffer of int8 ('b', the model's quantised values), uint8 ('B', bytes, bytearray: pixels,
# which are quantised values plus 128), float32 ('f', real values) or int16 ('h', real values that are whole numbers),
# or lists of real values, nested or flat. Buffers are read where they lie; lists take RAM.
_Image = Any

def check(data: bytes | bytearray | memoryview) -> dict[str, int]:
    """What the header of a .cvl file says, without an arena. Raises ValueError when the file is damaged."""

class Model:
    """A model ready to run. Its weights stay where `model` lies, in flash if that is a file in ROMFS."""

    arena_bytes: int
    """RAM that the model needs, exactly."""
    bytes_read: int
    """With a window: of weights, from the file, since it was loaded."""
    input_scale: float
    """Of the first input: real value = (int8 value - input_zero_point) * input_scale."""
    input_shape: tuple[int, int, int]
    """Height, width and channels of the first input; of a stream: of one step."""
    input_shapes: tuple[tuple[int, int, int], ...]
    """Of every input."""
    input_zero_point: int
    labels: tuple[str, ...]
    """Names of the classes; empty when the file has none."""
    output: memoryview
    """The first output, int8, in the arena: valid until the next run."""
    output_scale: float
    output_shape: tuple[int, int, int]
    output_shapes: tuple[tuple[int, int, int], ...]
    output_zero_point: int
    outputs: tuple[memoryview, ...]
    """All outputs, as `output`."""

    def __init__(
        self, model: Any, arena: bytearray | memoryview | None = None, window: int | None = None
    ) -> None:
        """`model`: the name of a file, or its bytes. `arena`: a buffer of at least `arena_bytes` bytes, aligned to 4,
        apart from the model's bytes. `window`: leave the weights in the file, of which so many bytes at a time are in
        RAM (`convlet compile --window` makes files for it); then `model` may also be an open file. It must stay as it
        is while the model is used. What lies in memory already, bytes or a file in a ROMFS, is used there, whatever the
        window.

        Raises ValueError when the file is damaged, MemoryError when the arena is too small, OSError when the file
        cannot be read; with a window `run` and its like raise them too. While the model runs, Python code of a timer or
        of the file may run: to use the model then, or to move its buffers by extending them, raises RuntimeError.
        """

    @overload
    def classify(self, *images: _Image) -> tuple[str, float]: ...
    @overload
    def classify(self, *images: _Image, top: int) -> list[tuple[str, float]]:
        """Label and probability of the best class; with `top`, a list of the best `top` classes.

        Without an image: of the output that there is, after `push` or `step`.
        """

    def predict(self, *images: _Image) -> Any:
        """The output's real values, a list of floats; of several outputs a list with such a list for each."""

    def profile(self, *images: _Image) -> list[tuple[str, int, int]]:
        """Run once, on these images or on pseudo-random ones: of each operator its name, the microseconds that its rows
        took, and its multiply-accumulates.
        """

    def push(self, rows: _Image) -> memoryview | None:
        """Take the next rows of the input: `output` when there is a new one, None while more rows are needed."""

    def reset(self) -> None:
        """Forget all that was pushed: the next row is the first of an image or a stream."""

    def run(self, *images: _Image) -> memoryview:
        """Run one inference on one image for each input; returns `output`. Allocates nothing for a buffer."""

    def selftest(self) -> None:
        """Run the test vectors in the file. Raises ValueError naming the first operator that differs."""

    def step(self, rows: _Image) -> memoryview | None:
        """`push`, of a model compiled with --stream: the output of this step."""
