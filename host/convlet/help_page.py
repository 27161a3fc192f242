"""What `convlet --help` prints: all commands on one screen of 24 lines and 80 columns."""

from __future__ import annotations

from collections.abc import Collection

import click

# A few words of each command: what it says of itself with --help is longer.
GROUPS = {
    "start": {
        "demo": "train, compile, and run the digits on an emulated Pico",
        "doctor": "what this machine lacks, and how to get it",
    },
    "model": {
        "train": "a model of the zoo, or one on your own data, to int8 .tflite",
        "quantize": "your own Keras or float model to int8 .tflite",
        "compile": "an int8 .tflite to a .cvl, the file for the board",
        "run": "classify pictures on this computer, with the board's bits",
        "verify": "compare TFLM, numpy and the engine, bit by bit",
        "export-c": "a model as a C header",
    },
    "look": {
        "inspect": "the operators in a .tflite or .cvl",
        "plan": "what lies in the arena when, as a picture",
        "report": "one page with accuracy, quantisation, memory and time",
        "fits": "on which boards a model fits, and how fast it is there",
        "bench": "count the instructions of an inference, in an emulator",
    },
    "board": {
        "boards": "the boards there are",
        "firmware": "build MicroPython with the module, and flash it",
        "emulate": "a Pico without a Pico",
        "deploy": "put a model on a board; it is proved before the old one goes",
        "monitor": "see a board classify, live",
        "capture": "record samples with a board, to train on",
        "evaluate": "the accuracy over a whole data set, here or on a board",
    },
}
_OPTIONS = "-q prints errors only, --debug shows tracebacks, -V the version, -h this page"
_EXIT_CODES = "Exit codes: 0 done, 1 an error, or no; 2 wrong usage; 130 Ctrl-C"
_HEADING, _NAME = 7, 10  # columns


def help_page(commands: Collection[str]) -> str:
    """The page for those of the `commands` that there are."""
    lines = [
        f"{click.style('Usage', bold=True)}: convlet [-q] [--debug] COMMAND ...   More of one: convlet COMMAND -h"
    ]
    for group, summaries in GROUPS.items():
        names = [name for name in summaries if name in commands]
        for heading, name in zip([group, *[""] * len(names)], names, strict=False):
            lines.append(f"{_padded(heading, _HEADING)}{name:{_NAME}}{summaries[name]}")
    known = {name for summaries in GROUPS.values() for name in summaries}
    lines.append(_padded("more", _HEADING) + ", ".join(sorted(set(commands) - known)))
    return "\n".join([*lines, _OPTIONS, _EXIT_CODES, ""])


def _padded(heading: str, width: int) -> str:
    return click.style(heading, bold=True) + " " * (width - len(heading))
