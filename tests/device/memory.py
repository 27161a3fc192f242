# Where a model's bytes are: the arena in the caller's buffer, the file where it lies, and nothing allocated by a run.
# The host sets DATA, the bytes of digits.cvl; STREAM, a stream's; and ROM, a ROMFS with copies of DATA at all
# alignments. Prints "ok".
# ruff: noqa: F821
import gc
from array import array

import convlet

try:
    from micropython import heap_lock, heap_unlock
    from vfs import VfsRom, mount, umount
except ImportError:  # CPython
    heap_lock = heap_unlock = VfsRom = None

model = convlet.Model(DATA)
image = array("f", [(i % 17) / 16 for i in range(64)])
expected = list(model.run(image))

# Several models at a time do not disturb each other, and live as long as they are used.
models = [
    convlet.Model(DATA, arena=arena)
    for arena in (None, bytearray(model.arena_bytes), array("i", bytes(1024)))
]
stream = convlet.Model(STREAM)
step = bytes(stream.input_shape[0] * stream.input_shape[1] * stream.input_shape[2])
first = list(stream.step(step))
for other in models:
    assert list(other.run(image)) == expected
    gc.collect()
    junk = [bytearray(200) for _ in range(10)]
assert [list(other.output) for other in models] == [expected] * 3
assert model.classify() == models[0].classify() == models[2].classify()
second = list(stream.step(step))
stream.reset()
assert [list(stream.step(step)), list(stream.step(step))] == [first, second]
output = models[1].output
models = None
gc.collect()
junk = [bytearray(300) for _ in range(10)]
assert list(output) == expected  # a view keeps its arena

if heap_lock:
    before = None  # so that the name needs no memory later
    before = gc.mem_alloc()
    heap_lock()
    model.run(image)
    model.push(image)
    stream.step(step)
    heap_unlock()
    assert gc.mem_alloc() <= before

if VfsRom:
    mount(VfsRom(ROM), "/copies")
    for name in ("a.cvl", "ab.cvl", "abc.cvl", "abcd.cvl"):
        gc.collect()
        before = gc.mem_alloc()
        in_place = convlet.Model("/copies/" + name)
        gc.collect()
        assert gc.mem_alloc() - before < len(DATA) // 2, (gc.mem_alloc() - before, len(DATA))
        in_place.selftest()
        assert list(in_place.run(image)) == expected
    umount("/copies")
print("ok")
