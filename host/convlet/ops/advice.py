"""What to use instead of operators that Convlet does not have: most of them TFLM has for float only, or not at all."""

from __future__ import annotations

from collections.abc import Iterable

_ACTIVATION = "RELU, LEAKY_RELU, HARD_SWISH or GELU"

INSTEAD = {
    "ARG_MAX": "nothing: end the model with the scores, classify() gives the best class",
    "ARG_MIN": "nothing: end the model with the scores, and compare them in Python",
    "DIV": "MUL by the reciprocal",
    "ELU": _ACTIVATION,
    "EXP": "LOGISTIC or SOFTMAX",
    "LOG_SOFTMAX": "SOFTMAX",
    "NEG": "SUB from a constant 0, or other weights in the layer before",
    "SQUARE": "MUL of the tensor with itself",
    "SQUARED_DIFFERENCE": "SUB, and MUL of its result with itself",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "causal Conv1D layers",
}


def instead_of(kinds: Iterable[str]) -> str:
    """Sentences with a space in front that say what to use instead of the operators that there is advice for."""
    known = [kind for kind in dict.fromkeys(kinds) if kind in INSTEAD]
    return "".join(f" Instead of {kind} use {INSTEAD[kind]}." for kind in known)
