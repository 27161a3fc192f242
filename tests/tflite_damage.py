"""Damages `.tflite` files where it matters: in what describes the model, and seldom in the rest."""

from __future__ import annotations

import itertools
import random
import resource
import signal
import struct
import sys
import warnings
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tflite
from convlet.compile import compile_tflite
from convlet.errors import ConvletError

_MOST_SECONDS = 20  # of this process, however many others there are
_MOST_BYTES = 1 << 30

_INTEGERS = (0, 1, 2, 3, 4, 5, 7, 8, 16, 127, 128, 255, 256, 1000, 4096, 65535, 65536, 1 << 20, 2**31 - 1)
_FLOATS = (0.0, -1.0, 1e-38, 1e-30, 1e-6, 0.5, 1.0, 3.0, 1e6, 1e30, 3e38, float("inf"), float("nan"))


class Places:
    """Where in a file are the integers and floats that describe its model, and its shapes one by one."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.integers: list[int] = []
        self.floats: list[int] = []
        self.sizes: list[int] = []
        model = tflite.Model.GetRootAs(data, 0)
        graph = model.Subgraphs(0)
        self._vector(graph, 3, graph.InputsLength())
        self._vector(graph, 4, graph.OutputsLength())
        for index in range(graph.TensorsLength()):
            self._tensor(graph.Tensors(index))
        for index in range(graph.OperatorsLength()):
            operator = graph.Operators(index)
            self._table(operator._tab)
            self._vector(operator, 1, operator.InputsLength())
            self._vector(operator, 2, operator.OutputsLength())
            if operator.BuiltinOptions() is not None:
                self._table(operator.BuiltinOptions())
        for index in range(model.OperatorCodesLength()):
            self._table(model.OperatorCodes(index)._tab)
        for index in range(model.BuffersLength()):
            buffer = model.Buffers(index)
            if 0 < buffer.DataLength() <= 64:  # axes, shapes, pads; not weights
                self._vector(buffer, 0, buffer.DataLength() // 4)

    def _tensor(self, tensor: Any) -> None:
        self._table(tensor._tab)
        self.sizes += self._vector(tensor, 0, tensor.ShapeLength())
        quantization = tensor.Quantization()
        if quantization is not None:
            self._table(quantization._tab)
            self.floats += self._vector(quantization, 2, min(quantization.ScaleLength(), 2))
            self._vector(quantization, 3, min(quantization.ZeroPointLength(), 2), 8)

    def _vector(self, table: Any, field: int, count: int, item_bytes: int = 4) -> list[int]:
        offset = table._tab.Offset(4 + 2 * field)
        if not offset:
            return []
        begin = table._tab.Vector(offset)
        places = [begin - 4, *(begin + item_bytes * i for i in range(count))]  # its length stands before it
        self.integers += places
        return places[1:]

    def _table(self, table: Any) -> None:
        """The fields of a table, each found by an offset of 2 bytes in the list that the table begins with."""
        (back,) = struct.unpack_from("<i", self.data, table.Pos)
        listing = table.Pos - back
        (size,) = struct.unpack_from("<H", self.data, listing)
        offsets = struct.unpack_from(f"<{(size - 4) // 2}H", self.data, listing + 4)
        self.integers += [table.Pos + offset for offset in offsets if offset]


def _integer(chance: random.Random, old: int) -> int:
    kind = chance.randrange(4)
    if kind == 0:
        return old + chance.choice((-4, -2, -1, 1, 2, 4))
    if kind == 1:
        return old ^ 1 << chance.randrange(32)
    return chance.choice(_INTEGERS) * chance.choice((1, 1, 1, -1))


def _change(chance: random.Random, file: bytearray, places: Places) -> None:
    kind = chance.randrange(12)
    if kind == 0:  # any word, the links between tables among them
        place = chance.randrange(len(file) // 4) * 4
    elif kind == 1:
        struct.pack_into("<f", file, chance.choice(places.floats), chance.choice(_FLOATS))
        return
    elif kind == 2:  # a size wherever it stands, so that shapes still fit together
        sizes = [struct.unpack_from("<i", file, place)[0] for place in places.sizes]
        old, new = chance.choice(sizes), abs(chance.choice(_INTEGERS))
        for place, size in zip(places.sizes, sizes, strict=True):
            if size == old:
                struct.pack_into("<i", file, place, new)
        return
    else:
        place = chance.choice(places.sizes if kind == 3 else places.integers)
    if place + 4 > len(file):
        return
    (old,) = struct.unpack_from("<i", file, place)
    new = _integer(chance, old) & 0xFFFFFFFF
    if chance.randrange(3) == 0:  # fields of one byte, such as enumerations
        file[place] = new & 0xFF
    elif chance.randrange(6) == 0:
        other = chance.choice(places.integers)
        file[place : place + 4] = file[other : other + 4].ljust(4, b"\0")
    else:
        struct.pack_into("<I", file, place, new)


def damaged_files(data: bytes, seed: int) -> Iterator[bytes]:
    """Without end: the file with one to four changes, at times with its end cut off."""
    chance, places = random.Random(seed), Places(data)
    while True:
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
            _change(chance, damaged, places)
        size = len(data) if chance.randrange(20) else chance.randrange(len(data))
        yield bytes(damaged[:size])


def compile_damaged(count: int, seed: int, files: Sequence[bytes]) -> int:
    """Compile `count` damaged files of each of `files`. Returns how many ended in a compiled file.

    Anything but a ConvletError passes through, as does what takes more time or memory than the compiler may.
    """
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    signal.signal(signal.SIGPROF, _too_long)
    compiled = 0
    for damaged in itertools.chain(*(itertools.islice(damaged_files(data, seed), count) for data in files)):
        signal.setitimer(signal.ITIMER_PROF, _MOST_SECONDS)
        try:
            compile_tflite(damaged)
            compiled += 1
        except ConvletError:
            pass
        except BaseException:
            Path(f"finding-{zlib.crc32(damaged):08x}.tflite").write_bytes(damaged)
            raise
        signal.setitimer(signal.ITIMER_PROF, 0)
    return compiled


def _too_long(*_: object) -> None:
    raise TimeoutError(f"compiling takes more than {_MOST_SECONDS} s")


if __name__ == "__main__":  # COUNT SEED FILES...; what it finds it writes to the current folder
    warnings.simplefilter("ignore", RuntimeWarning)  # of numpy, on absurd scales
    count, seed, *names = sys.argv[1:]
    print(compile_damaged(int(count), int(seed), [Path(name).read_bytes() for name in names]))
