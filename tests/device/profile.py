# Which operator takes how long, where there is a clock. The host sets DATA, the bytes of digits.cvl, and PORTS, a model
# of three inputs. Prints "ok".
# ruff: noqa: F821
import convlet

try:
    import time
except ImportError:  # QEMU's boards: MicroPython has no clock there
    time = None

model = convlet.Model(DATA)
ports = convlet.Model(PORTS)
image = bytes(range(64))
expected = list(model.run(image))
if time:
    profile = model.profile()
    assert profile[0][0] == "INPUT" and profile[1][0].startswith("CONV_2D"), profile
    assert [name for name, _, _ in model.profile(image)] == [name for name, _, _ in profile]
    assert sum(macs for _, _, macs in profile) == 3312, profile
    assert all(isinstance(us, int) and us >= 0 for _, us, _ in profile), profile
    assert [macs for _, _, macs in ports.profile()] == [0] * 6
    assert len(ports.profile(bytes(24), bytes(24), bytes(24))) == 6
    calls = (model.classify, lambda: model.profile(bytes(63)), lambda: ports.profile(bytes(24)))
    errors = ValueError
else:
    calls = (model.profile,)
    errors = RuntimeError
for call in calls:
    try:
        call()
    except errors as error:
        assert str(error)
    else:
        raise AssertionError("no error")
assert list(model.run(image)) == expected
print("ok")
