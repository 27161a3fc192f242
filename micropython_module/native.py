# Part of the native module (.mpy), beside its C code: what a native module can do only through Python code.


def _poll():
    """MicroPython looks for Ctrl-C, and what else is due, where a loop jumps back."""
    for _ in range(1):
        pass


def _try(function, argument):
    """The exception that the function raises, or None."""
    try:
        function(argument)
    except BaseException as error:
        return error


def _find_clock():
    try:
        from time import ticks_us
    except ImportError:
        raise RuntimeError("this firmware has no clock") from None
    return ticks_us
