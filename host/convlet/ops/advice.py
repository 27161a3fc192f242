"""What to use instead of operators that Convlet does not have: most of them TFLM has for float only, or not at all."""

from __future__ import annotations

from collections.abc import Iterable

_ACTIVATION = "RELU, LEAKY_RELU, HARD_SWISH or GELU"
_FUNCTION = (
    "ABS, GELU, HARD_SWISH, LEAKY_RELU, LOGISTIC or TANH, or compute it in Python before or behind the model"
)
_CHOICE = "MAXIMUM, MINIMUM, or MUL by a mask"
_PICKING = "SLICE, STRIDED_SLICE or SPLIT, or look it up in Python"
_NORMALIZATION = "BatchNormalization, which becomes a part of the layer before it"
_RECURRENCE = (
    "causal Conv1D layers, which run step by step when compiled with --stream, or unroll=True for few steps"
)
_SCORES = "nothing: end the model with the scores"

_ATTENTION = "Conv1D layers, or the squeeze-and-excite of GlobalAveragePooling, Dense and Multiply"

# Of layers that the converter takes apart, and of which names of tensors still tell: Keras' name, and the layer's.
LAYERS = {
    "attention": ("attention", _ATTENTION),
    "embedding": ("Embedding", "nothing: look it up in Python, and let the model begin behind it"),
    "group_normalization": ("GroupNormalization", _NORMALIZATION),
    "gru": ("GRU", _RECURRENCE),
    "layer_normalization": ("LayerNormalization", _NORMALIZATION),
    "lstm": ("LSTM", _RECURRENCE),
    "masking": ("Masking", "nothing: fill up with zeros in Python"),
    "rms_normalization": ("RMSNormalization", _NORMALIZATION),
    "unit_normalization": ("UnitNormalization", "nothing: divide by the length in Python, behind the model"),
}
INSTEAD = {
    "ADD_N": "ADD, two tensors at a time",
    "ARG_MAX": f"{_SCORES}, classify() gives the best class",
    "ARG_MIN": f"{_SCORES}, and compare them in Python",
    "BATCH_MATMUL": "FULLY_CONNECTED, where one factor is constant, or MUL",
    "CAST": "QUANTIZE: convert the model with int8 throughout",
    "CONV_3D": "CONV_2D on slices, joined by ADD",
    "CUSTOM": "TFLite's own operators: convert the model without custom ones",
    "DIV": "MUL by the reciprocal",
    "ELU": _ACTIVATION,
    "EXP": "LOGISTIC or SOFTMAX",
    "L2_POOL_2D": "AVERAGE_POOL_2D",
    "LOG_SOFTMAX": "SOFTMAX",
    "NEG": "SUB from a constant 0, or other weights in the layer before",
    "RELU_0_TO_1": "RELU6 or RELU_N1_TO_1",
    "REDUCE_MIN": "REDUCE_MAX between two SUBs from a constant 0",
    "REVERSE_V2": "STRIDED_SLICE with a stride of -1",
    "SQUARE": "MUL of the tensor with itself",
    "SQUARED_DIFFERENCE": "SUB, and MUL of its result with itself",
    "TOPK_V2": f"{_SCORES}, classify(top=n) gives the best classes",
    **dict.fromkeys(
        ("CEIL", "COS", "FLOOR", "LOG", "POW", "ROUND", "RSQRT", "SIGN", "SIN", "SQRT"), _FUNCTION
    ),
    **dict.fromkeys(("EQUAL", "GREATER", "IF", "LESS", "NOT_EQUAL", "SELECT", "SELECT_V2", "WHERE"), _CHOICE),
    **dict.fromkeys(("EMBEDDING_LOOKUP", "GATHER", "GATHER_ND", "HASHTABLE_LOOKUP", "ONE_HOT"), _PICKING),
    "L2_NORMALIZATION": "nothing: divide by the length in Python, behind the model",
    "LOCAL_RESPONSE_NORMALIZATION": _NORMALIZATION,
    **dict.fromkeys(("BIDIRECTIONAL_SEQUENCE_LSTM", "LSTM", "RNN", "SVDF", "WHILE"), _RECURRENCE),
    **dict.fromkeys(("UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN"), _RECURRENCE),
    **dict.fromkeys(
        ("NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5"), f"{_SCORES} and boxes, and choose in Python"
    ),
}


def instead_of(kinds: Iterable[str], names: str = "") -> str:
    """Sentences with a space in front that say what to use instead of the operators that there is advice for.

    Args: `names` of the tensors that they make, which may tell a layer: that is what people know.
    """
    for part, (layer, advice) in LAYERS.items():
        if part in names:
            return f" Instead of {layer} use {advice}."
    known = [kind for kind in dict.fromkeys(kinds) if kind in INSTEAD]
    return "".join(f" Instead of {kind} use {INSTEAD[kind]}." for kind in known)
