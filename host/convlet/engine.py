"""The engine on the laptop: `convlet.Model` and `convlet.check` with the names and errors of MicroPython."""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, overload

import numpy as np

from convlet._engine import ffi, lib
from convlet.format import FLAG_STREAM, NO_OPERATOR
from convlet.graph import Shape
from convlet.window import StreamedFile

# What `check` tells, by its name in the header.
_FACTS = (
    "file_bytes",
    "arena_bytes",
    "version",
    "operator_count",
    "input_count",
    "output_count",
    "label_count",
    "vector_count",
)
MOST_WINDOW_BYTES = 1 << 30
PROFILE_SEED = 1  # of the image with which a model is profiled when none is given: any will do
_ELEMENTS = {"b": lib.CVL_INT8, "B": lib.CVL_UINT8, "f": lib.CVL_FLOAT32, "h": lib.CVL_INT16}
_NO_CLASS = 0xFFFFFFFF  # UINT_MAX, which cvl_best takes and gives
DEEPEST_LIST = 4  # height, width, channels, and the batch that some put around an image


def _raise(fault: Any) -> None:
    """The exception for a refused file or arena."""
    text = ffi.string(lib.cvl_fault_text(fault)).decode() % (fault.found, fault.expected)
    if fault.operator_index != NO_OPERATOR:
        name = ffi.string(lib.cvl_operator_name(fault.operator_code)).decode()
        text = f"operator {fault.operator_index} ({name}): {text}"
    raise MemoryError(text) if fault.status == lib.CVL_ERROR_ARENA else ValueError(text)


def _load(file: Any) -> Any:
    """A proved cvl_model_t on `file`, a cffi buffer that the caller keeps alive."""
    model, fault = ffi.new("cvl_model_t *"), ffi.new("cvl_fault_t *")
    if lib.cvl_load(model, file, len(file), fault) != lib.CVL_OK:
        _raise(fault)
    return model


def _load_stream(stream: StreamedFile) -> Any:
    """A proved cvl_model_t on a file that is read piece by piece, and that the caller keeps alive."""
    model, fault = ffi.new("cvl_model_t *"), ffi.new("cvl_fault_t *")
    if not stream.load(model, fault):
        _raise(fault)
    return model


def _checked(window: int) -> int:
    if not 0 < window <= MOST_WINDOW_BYTES:
        raise ValueError(f"the window has {window} bytes, expected 1 to {MOST_WINDOW_BYTES}")
    return window


def check(data: bytes | bytearray | memoryview) -> dict[str, int]:
    """What the header of a `.cvl` says, without an arena. Raises ValueError when the file is damaged.

    >>> check(Path("digits.cvl").read_bytes())["arena_bytes"]
    244
    """
    header = _load(ffi.from_buffer("uint8_t[]", data)).header
    return {name: getattr(header, name) for name in _FACTS}


class Model:
    """A `.cvl` model ready to run.

    Args: `model` is a path, or the file's bytes; `arena` a writable buffer of at least
    `check(...)["arena_bytes"]` bytes aligned to 4, by default one of its own; `window`: read the weights from the file
    when they are needed, so many bytes at most. Then `model` may also be an open file, and it must stay as it is;
    bytes are used where they are.

    Raises ValueError when the file is damaged or no `.cvl`, MemoryError when the arena is too small, OSError
    when the file cannot be read. With a window `run` and its like raise these too: the model can be used again.

    Images are buffers of int8 ('b', the model's quantised values), uint8 ('B', pixels: quantised value + 128),
    float32 ('f', real values) or int16 ('h', real values that are whole numbers), or lists of real values, nested or
    flat, with as many values as the input has. A wrong type or length raises ValueError.

    The rows of an image may also come one by one: `push` takes them, and gives the output when it has all. A model
    compiled with `--stream` knows only this: `step`, the same method, gives an output for each of its steps.

    >>> model = Model("digits.cvl")
    >>> model.input_shape, model.output_shape, model.arena_bytes
    ((8, 8, 1), (1, 1, 10), 244)
    >>> image = np.load("seven.npy")  # float32[8, 8, 1], from 0 to 1
    >>> model.classify(image)[0]
    '7'
    >>> len(model.run(image))  # the int8 scores
    10
    >>> [model.push(row) is None for row in image][-2:]  # there is no output until the last row is there
    [True, False]
    """

    _running = False

    def __init__(self, model: Any, arena: Any = None, window: int | None = None) -> None:
        if self._running:
            raise RuntimeError("the model is running")
        self._lock = threading.RLock()  # one inference at a time, and its output read before the next
        self._has_output = False
        is_path = isinstance(model, str | Path)
        is_file = is_path or hasattr(model, "readinto")
        self._stream = StreamedFile(model, _checked(window)) if is_file and window is not None else None
        if self._stream is None:
            # Copied where it could be changed: what was proved must stay as it was.
            data = Path(model).read_bytes() if is_path else bytes(memoryview(model))
            self._file = ffi.from_buffer("uint8_t[]", data)
            self._model = _load(self._file)
        else:
            self._model = _load_stream(self._stream)
        self._arena = bytearray(self.arena_bytes) if arena is None else arena
        self._pointer = ffi.from_buffer("uint8_t[]", self._arena, require_writable=True)
        fault = ffi.new("cvl_fault_t *")
        if lib.cvl_attach(self._model, self._pointer, len(self._pointer), fault) != lib.CVL_OK:
            _raise(fault)
        # The copy could not be overwritten, but a board has none.
        view = memoryview(b"" if is_file else model)
        if view.c_contiguous and self._lies_in_arena(ffi.from_buffer(view)):
            raise ValueError("the arena lies in the model's file")

    def __repr__(self) -> str:
        sides = (
            ", ".join("x".join(map(str, shape)) for shape in side)
            for side in (self.input_shapes, self.output_shapes)
        )
        kind = "Model stream" if self._is_stream else "Model"
        return f"<{kind} {' -> '.join(sides)}, {len(self.labels)} labels, arena {self.arena_bytes} bytes>"

    @property
    def arena_bytes(self) -> int:
        """RAM that the model needs, exactly."""
        return int(self._model.header.arena_bytes)

    @property
    def bytes_read(self) -> int:
        """What has been read from the file since it was loaded; 0 without a window."""
        return int(self._stream.window.bytes_read) if self._stream else 0

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes; empty when the file has none."""
        return tuple(self._label(index) for index in range(self._model.header.label_count))

    @property
    def input_shape(self) -> Shape:
        """Height, width and channels of the first input."""
        return self._shape(0)

    @property
    def output_shape(self) -> Shape:
        """Height, width and channels of the first output."""
        return self._shape(self._model.header.input_count)

    @property
    def input_scale(self) -> float:
        """Of the first input: real = scale * (int8 - zero_point)."""
        return float(self._port(0).scale)

    @property
    def input_zero_point(self) -> int:
        return int(self._port(0).zero_point)

    @property
    def output_scale(self) -> float:
        """Of the first output: real = scale * (int8 - zero_point)."""
        return float(self._port(self._model.header.input_count).scale)

    @property
    def output_zero_point(self) -> int:
        return int(self._port(self._model.header.input_count).zero_point)

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """Of every input."""
        return tuple(self._shape(port) for port in range(self._model.header.input_count))

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        """Of every output."""
        first = self._model.header.input_count
        return tuple(self._shape(first + index) for index in range(self._model.header.output_count))

    @property
    def output(self) -> memoryview:
        """The first output, int8, in the arena: valid until the next run."""
        return self._output(0)

    @property
    def outputs(self) -> tuple[memoryview, ...]:
        """All outputs, as `output`."""
        return tuple(self._output(index) for index in range(self._model.header.output_count))

    def _output(self, index: int) -> memoryview:
        begin = lib.cvl_output(self._model, index) - ffi.cast("int8_t *", self._pointer)
        end = begin + lib.cvl_output_bytes(self._model, index)
        return memoryview(self._arena).cast("B")[begin:end].cast("b").toreadonly()

    def run(self, *images: Any) -> memoryview:
        """Run one inference on one image for each input; returns `output`."""
        with self._entered():
            inputs, keep = self._inputs(images)
            lib.cvl_start(self._model, inputs)
            self._make_rows()
            self._has_output = True
        del keep
        return self.output

    @contextmanager
    def _entered(self) -> Iterator[None]:
        """One use at a time. Raises RuntimeError for one by the file that a run is reading: it would start anew."""
        with self._lock:
            if self._running:
                raise RuntimeError("the model is running")
            yield

    @contextmanager
    def _run_to_the_end(self) -> Iterator[Any]:
        """The cvl_model_t, which may run. After Ctrl-C, or when its file fails, it is as if it had not been run."""
        self._running = True
        try:
            yield self._model
            self._raise_if_unread()
        except BaseException:
            self._forget()
            raise
        finally:
            self._running = False

    def _make_rows(self) -> None:
        """All that can be made of what the model has been given."""
        with self._run_to_the_end() as model:
            while lib.cvl_step(model) == lib.CVL_MORE:
                pass

    def _forget(self) -> None:
        lib.cvl_reset(self._model)
        self._has_output = False

    def _raise_if_unread(self) -> None:
        """The exception for constants that could not be read from the file when they were needed last."""
        if self._stream is None or self._stream.window.fault.status == lib.CVL_OK:
            return
        fault = ffi.new("cvl_fault_t *", self._stream.window.fault)
        self._stream.window.fault.status = lib.CVL_OK
        self._stream.raise_error()
        _raise(fault)

    def push(self, rows: Any) -> memoryview | None:
        """Take the next rows of the input: `output` when there is a new one, None while more rows are needed.

        Args: rows: values of one or more whole rows, not more than the image, or of a stream the step, still lacks.
        Raises ValueError for anything else, and for a model of several inputs.
        """
        with self._entered():
            if self._model.header.input_count != 1:
                raise ValueError(
                    f"the model has {self._model.header.input_count} inputs, only one can be pushed"
                )
            view = _buffer(rows)
            pointer = self._outside_the_arena(view)
            op = self._operator(0)
            if op.ring_rows == 0:
                raise ValueError("the model reads whole images where they lie: use run")
            count, most = view.nbytes // view.itemsize, lib.cvl_wanted_rows(self._model)
            row_values = op.width * op.channels
            if count == 0 or count % row_values or count // row_values > most:
                raise ValueError(f"got {count} values, expected 1 to {most} rows of {row_values}")
            lib.cvl_push(self._model, pointer, _ELEMENTS[_element(view)], count // row_values)
            self._make_rows()
            is_new = bool(lib.cvl_has_new_output(self._model))
            # What an image is made of may use the bytes of the last image's output.
            self._has_output = is_new or (self._is_stream and self._has_output)
        return self.output if is_new else None

    step = push

    def reset(self) -> None:
        """Forget all that was pushed: the next row is the first of an image or a stream."""
        with self._entered():
            self._forget()

    def predict(self, *images: Any) -> Any:
        """The output's real values, a list of floats, for one image, or without an image of the output that there is.

        Of a model of several outputs a list with such a list for each.
        """
        with self._entered():
            self._output_of(images)
            lists = [
                [lib.cvl_real_output(self._model, port, index) for index in range(len(output))]
                for port, output in enumerate(self.outputs)
            ]
        return lists if len(lists) > 1 else lists[0]

    @overload
    def classify(self, *images: Any) -> tuple[str, float]: ...

    @overload
    def classify(self, *images: Any, top: int) -> list[tuple[str, float]]: ...

    def classify(self, *images: Any, top: int = 0) -> tuple[str, float] | list[tuple[str, float]]:
        """Label and probability of the best class; with `top`, a list of the best `top` classes.

        Without an image: of the output that there is, after `push` or `step`.
        """
        with self._entered():
            self._output_of(images)
            ranks = islice(self._ranks(), max(top, 1))
            best = [(self._label(index), lib.cvl_probability(self._model, index)) for index in ranks]
        return best if top > 0 else best[0]

    def _ranks(self) -> Iterator[int]:
        """The classes, the best one first."""
        index = _NO_CLASS
        while (index := lib.cvl_best(self._model, index)) != _NO_CLASS:
            yield index

    def selftest(self) -> None:
        """Run the test vectors in the file.

        Raises ValueError naming the first operator whose values differ from the compiler's.
        """
        checksums = ffi.new("uint32_t[]", self._model.header.operator_count)
        with self._entered():
            with self._run_to_the_end() as model:
                failed = lib.cvl_selftest(model, checksums)
            self._forget()
        if failed != NO_OPERATOR:
            name = self._operator_name(failed)
            raise ValueError(f"selftest: operator {failed} ({name}) gives other values than the compiler's")

    def profile(self, *images: Any) -> list[tuple[str, int, int]]:
        """Run once, on these images or on pseudo-random ones: for each operator its name, the microseconds that its
        rows took, and its multiply-accumulates.

        Of a stream without images: of one period. Raises ValueError for images that `run` does not take.
        """
        with self._entered():
            inputs, keep = self._inputs(images) if images else (self._seeded_inputs(), [])
            nanoseconds = [0] * self._model.header.operator_count
            index = ffi.new("unsigned *")
            lib.cvl_start(self._model, inputs)
            with self._run_to_the_end() as model:
                begin = time.perf_counter_ns()
                while lib.cvl_step_operator(model, index) == lib.CVL_MORE:
                    end = time.perf_counter_ns()
                    nanoseconds[index[0]] += end - begin
                    begin = end
            self._forget()
        del keep
        return [
            (self._operator_name(number), spent // 1000, lib.cvl_operator_macs(self._model, number))
            for number, spent in enumerate(nanoseconds)
        ]

    def _seeded_inputs(self) -> Any:
        count = self._model.header.input_count
        if not self._keeps_input_rows:
            raise ValueError("the model reads whole images where they lie: give one")
        inputs = ffi.new("cvl_input_t[]", count)
        lib.cvl_seed_inputs(self._model, PROFILE_SEED, inputs)
        return inputs

    def _operator_name(self, index: int) -> str:
        return str(ffi.string(lib.cvl_operator_name(self._operator(index).code)).decode())

    @property
    def _keeps_input_rows(self) -> bool:
        """Whether it takes images that are not int8, since it does not read them where they lie."""
        return all(self._operator(index).ring_rows for index in range(self._model.header.input_count))

    @property
    def _is_stream(self) -> bool:
        return bool(self._model.header.flags & FLAG_STREAM)

    def _output_of(self, images: tuple[Any, ...]) -> memoryview:
        """The output for these images, or if there are none the last one."""
        if images:
            return self.run(*images)
        if not self._has_output:
            raise ValueError("there is no output yet: give an image, or push all its rows first")
        return self.output

    def _label(self, index: int) -> str:
        if not self._model.header.label_count:
            return str(index)
        size = ffi.new("size_t *")
        text = lib.cvl_label(self._model, index, size)
        return ffi.buffer(text, size[0])[:].decode()

    def _port(self, index: int) -> Any:
        port = ffi.new("cvl_port_t *")
        lib.cvl_read_port(self._model, index, port)
        return port

    def _shape(self, port: int) -> Shape:
        shape = ffi.new("cvl_shape_t *")
        lib.cvl_read_shape(self._model, port, shape)
        return shape.height, shape.width, shape.channels

    def _operator(self, index: int) -> Any:
        return lib.cvl_read_operator(self._model, index, ffi.new("cvl_operator_t *"))

    def _inputs(self, images: tuple[Any, ...]) -> tuple[Any, list[Any]]:
        """cvl_input_t for each image, and what must stay alive while they are used."""
        wanted = self._model.header.input_count
        if self._is_stream:
            raise ValueError("the model is a stream, which takes one step after the other: use step")
        if len(images) != wanted:
            raise ValueError(f"got {len(images)} images, the model has {wanted} inputs")
        inputs, keep = ffi.new("cvl_input_t[]", wanted), []
        for index, image in enumerate(images):
            view = _buffer(image)
            pointer = self._outside_the_arena(view)
            shape = self._shape(index)
            count = view.nbytes // view.itemsize
            if count != np.prod(shape):
                raise ValueError(
                    f"the image has {count} values, the model's input has {' x '.join(map(str, shape))}"
                )
            if self._operator(index).ring_rows == 0 and _element(view) != "b":
                raise ValueError(
                    f"the image has values of type '{_element(view)}', "
                    "but the model reads it where it lies: expected 'b'"
                )
            keep.append(pointer)
            inputs[index].data = pointer
            inputs[index].element = _ELEMENTS[_element(view)]
        return inputs, keep

    def _outside_the_arena(self, view: memoryview) -> Any:
        """A pointer to the values of an image, or of rows of one. Raises ValueError when a run would overwrite them."""
        pointer = ffi.from_buffer(view)
        if self._lies_in_arena(pointer):
            raise ValueError("the image lies in the model's arena: copy it first")
        return pointer

    def _lies_in_arena(self, pointer: Any) -> bool:
        begin, arena = (int(ffi.cast("uintptr_t", data)) for data in (pointer, self._pointer))
        return begin < arena + self.arena_bytes and begin + len(pointer) > arena


def _buffer(image: Any) -> memoryview:
    """A contiguous view of the image with an element type that the engine takes."""
    if isinstance(image, list | tuple):
        image = array("f", _numbers(image, DEEPEST_LIST))
    try:
        view = memoryview(image)
    except TypeError:
        found = type(image).__name__
        raise ValueError(
            f"the image is a {found}, expected a buffer of 'f', 'h', 'B' or 'b' values, or a list"
        ) from None
    if not view.c_contiguous:
        view = np.ascontiguousarray(image).data
    if _element(view) not in _ELEMENTS:
        raise ValueError(f"the image has values of type '{view.format}', expected 'f', 'h', 'B' or 'b'")
    return view


def _numbers(items: Any, deep: int) -> Iterator[Any]:
    """What is in lists of lists."""
    if deep == 0:
        raise ValueError(f"the image is nested more than {DEEPEST_LIST} deep")
    for item in items:
        if isinstance(item, list | tuple):
            yield from _numbers(item, deep - 1)
        else:
            yield item


def _element(view: memoryview) -> str:
    """The type of the view's values, without the marks of little-endian and unaligned ones."""
    return view.format.lstrip("@=<")


def sources_hash() -> str:
    """Hash of the C sources that the engine was built from."""
    return ffi.string(lib.cvl_sources_hash).decode()
