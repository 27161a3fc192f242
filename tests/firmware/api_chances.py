# Uses models at random as no sane program would: from any buffer, in any arena, with Python code that runs in the
# middle of a run and changes, extends or uses what it can. There is no crash, no error but those that are promised, no
# output that is not the image's, and nothing of others is overwritten. The host sets FILES, the bytes of .cvl files;
# SEED; and ROUNDS, how many models are made. Prints how many runs gave an output.
# ruff: noqa: F821, SIM105
import gc
from array import array

import convlet
from micropython import schedule

PROMISED = (ValueError, RuntimeError, MemoryError, TypeError, OSError)
state = SEED


def chance(most):
    global state
    state = (state * 1103515245 + 12345) & 0x7FFFFFFF
    return (state >> 8) % most


def one_of(*choices):
    return choices[chance(len(choices))]


class File:
    """Gives a wrong count or runs a hook now and then."""

    def __init__(self, data):
        self.data = data
        self.at = 0
        self.use = None  # that is going on

    def seek(self, offset, whence=0):
        self.at = offset if whence == 0 else len(self.data) + offset
        return self.at

    def readinto(self, buffer):
        buffer[:] = memoryview(self.data)[self.at : self.at + len(buffer)]
        if self.use and chance(6) == 0:
            self.use.disturb()
        if chance(50) == 0:
            return one_of(None, -1, "x", 1.5, True, [], 1 << 40, len(buffer) - 1)
        return len(buffer)


class Use:
    """A model, the buffers that it has, and whether they are still what they should be."""

    def __init__(self, data):
        self.data = data
        self.good = convlet.Model(data)
        self.file = one_of(data, bytearray(data), bytearray(data), File(data))
        self.image = None
        self.is_spoiled = False
        size = self.good.arena_bytes
        whole = bytearray(size + 64)
        arena = one_of(None, whole, bytearray(size), memoryview(whole)[16:], array("i", range(size // 4 + 1)))
        self.arena = arena
        window = one_of(len(data), len(data), 2000, 600) if isinstance(self.file, File) else None
        self.model = convlet.Model(self.file, arena, window)
        if window:
            self.file.use = self

    def new_image(self):
        count = 1
        for side in self.good.input_shape:
            count *= side
        values = [chance(256) - 128 for _ in range(count)]
        return one_of(
            array("b", values),
            bytearray(value + 128 for value in values),
            array("f", [value / 64 for value in values]),
            array("h", values),
            [value / 8 for value in values],
        )

    def disturb(self, _=None):
        """What Python code may do at any time."""
        what = chance(9)
        if what == 0 and isinstance(self.arena, bytearray):
            self.arena.extend(bytes(chance(3000)))
        elif what == 1 and self.arena is not None and len(self.arena) > 8:
            self.arena[chance(len(self.arena))] = one_of(0, 1, 127)
            self.is_spoiled = True
        elif what == 2 and isinstance(self.file, bytearray):
            self.file[chance(len(self.file))] ^= 1 << chance(8)
            self.is_spoiled = True
        elif what == 3 and isinstance(self.file, bytearray):
            self.file.extend(b"")
            self.file.extend(bytes(1 + chance(500)))
            self.is_spoiled = True
        elif what == 4 and isinstance(self.image, (bytearray, array)):
            self.image.extend(self.image)
        elif what == 5:
            gc.collect()
        elif what == 6:
            self.junk = [bytearray(b"\xff" * (16 << chance(6))) for _ in range(20)]
        else:
            try:
                one_of(self.model.selftest, self.model.reset, self.model.profile, self.model.classify)()
            except PROMISED:
                pass

    def step(self):
        """Returns whether there was an output."""
        if chance(3) == 0:
            self.disturb()
        what = chance(8)
        image = self.image = self.new_image()
        rows = list(image)
        if chance(3) == 0:
            schedule(self.disturb, 0)
        try:
            if what < 3:
                output = self.model.run(image)
            elif what == 3:
                output = self.model.push(image)
            elif what == 4:
                size = len(rows) // self.good.input_shape[0]
                output = None
                for at in range(0, len(rows), size):
                    output = self.model.push(image[at : at + size])
            else:
                one_of(
                    lambda: self.model.profile(image),
                    self.model.profile,
                    self.model.selftest,
                    lambda: self.model.classify(image, top=chance(1000) - 3),
                    lambda: self.model.predict(image),
                    lambda: repr(self.model) and self.model.labels and self.model.outputs,
                    lambda: self.model.run(rows[1:]),
                )()
                return False
            found = output and list(output)
        except PROMISED:
            return False
        kept = image if isinstance(image, list) else type_of(image, rows)
        if found is None or self.is_spoiled or "stream" in repr(self.good):
            return False
        assert found == list(self.good.run(kept)), (found, list(self.good.output))
        return True


def type_of(image, rows):
    """The image as it was."""
    if isinstance(image, bytearray):
        return bytearray(rows)
    kind = repr(image)[7]
    return array(kind, rows)


canaries = [bytearray(b"\xaa" * 200) for _ in range(100)]
outputs = 0
for _ in range(ROUNDS):
    try:
        use = Use(FILES[chance(len(FILES))])
    except PROMISED:
        continue
    outputs += sum(use.step() for _ in range(8))
    assert all(canary == b"\xaa" * 200 for canary in canaries)
print(outputs)
