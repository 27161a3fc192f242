"""Models whose weights stay in a file: what `Model(file, window=...)` does on the laptop as on a board."""

from __future__ import annotations

import io
import weakref
from pathlib import Path
from typing import Any

from convlet._engine import ffi, lib

_END = 2  # for seek: from the end of the file
_MOST_FILE_BYTES = 0xFFFFFFFF


class StreamedFile:
    """An open file that the engine reads piece by piece; see engine/window.h.

    Args: `file` a path, or an object with `seek` and `readinto`; `window_bytes` how much RAM weights may take.
    """

    def __init__(self, file: Any, window_bytes: int) -> None:
        is_path = isinstance(file, str | Path)
        self._file = Path(file).open("rb", buffering=0) if is_path else file  # noqa: SIM115
        self.error: BaseException | None = None  # that the file raised last
        # Of a proxy: a cycle would keep the file open when the model is gone.
        self._handle = ffi.new_handle(weakref.proxy(self))
        self.window = ffi.new("cvl_window_t *")
        self.window.read = lib.read_file
        self.window.context = self._handle
        self.window.file_bytes = min(self._file.seek(0, _END), _MOST_FILE_BYTES)
        self.window.bytes = window_bytes
        self._ram: Any = None

    def load(self, model: Any, fault: Any) -> bool:
        """Load the file into `model`, a cvl_model_t. Returns False with a `fault`; raises what the file raises."""
        if lib.cvl_open(model, self.window, fault) == lib.CVL_OK:
            self._ram = ffi.new("uint32_t[]", -(-lib.cvl_window_ram(model) // 4))
            if lib.cvl_load_window(model, self._ram, fault) == lib.CVL_OK:
                return True
        self.raise_error()
        return False

    def raise_error(self) -> None:
        """Raise what the file raised when it was read last."""
        try:
            if self.error is not None:
                raise self.error
        finally:
            self.error = None  # and no local variable: it would make a cycle with the error's traceback

    def read(self, offset: int, target: memoryview) -> bool:
        """Fill `target` with the bytes of the file from `offset` on; whether there were as many."""
        try:
            self._file.seek(offset)
            return bool(self._file.readinto(target) == len(target))
        except BaseException as error:
            self.error = error
            return False


def ram_bytes(cvl: bytes, window_bytes: int) -> int:
    """Bytes of RAM that the engine needs for the head and a window, besides the arena. `cvl`: a good file."""
    stream = StreamedFile(io.BytesIO(cvl), window_bytes)
    model, fault = ffi.new("cvl_model_t *"), ffi.new("cvl_fault_t *")
    lib.cvl_open(model, stream.window, fault)
    return int(lib.cvl_window_ram(model))


@ffi.def_extern()  # type: ignore[untyped-decorator]
def read_file(context: Any, offset: int, target: Any, size: int) -> bool:
    """The engine's `read`."""
    stream: StreamedFile = ffi.from_handle(context)
    return stream.read(offset, memoryview(ffi.buffer(target, size)))
