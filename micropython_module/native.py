# Part of the native module (.mpy), beside its C code: what a native module can do only through Python code.


def _poll():
    """The exception of Ctrl-C, or None: MicroPython looks for it where a loop jumps back."""
    try:
        for _ in range(1):
            pass
    except BaseException as error:
        return error


def _read(file, offset, buffer):
    """The bytes read, or the exception that the file raised."""
    try:
        file.seek(offset)
        return file.readinto(buffer)
    except BaseException as error:
        return error


def _find_clock():
    try:
        from time import ticks_us
    except ImportError:
        raise RuntimeError("this firmware has no clock") from None
    return ticks_us
