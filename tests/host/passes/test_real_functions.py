import convlet
import numpy as np
import pytest
from convlet.compile import compile_tflite
from convlet.errors import ModelError
from convlet.passes.real_functions import REAL_FUNCTIONS
from operator_models import tflm_outputs
from tflite_builder import FLOAT32, Builder, BuiltTensor

ALL = np.arange(-128, 128, dtype=np.int8).reshape(1, 1, 16, 16)


def real_row(kinds, is_whole=True):
    """Functions of real values one behind the other, and the QUANTIZE that makes them int8 again."""
    b = Builder()
    source, result = b.tensor((1, 1, 16, 16), 0.03, 5), b.tensor((1, 1, 16, 16), 0.05, -7)
    for kind in ("DEQUANTIZE", *kinds):
        b.tensors.append(BuiltTensor((1, 1, 16, 16), type=FLOAT32))
        real = len(b.tensors) - 1
        options = "NegOptions" if kind in ("ELU", "CEIL", "FLOOR") else f"{kind.capitalize()}Options"
        b.operator(kind, [source if kind == "DEQUANTIZE" else real - 1], real, options)
    b.operator("QUANTIZE", [real], result, "QuantizeOptions")
    return b.build([0], [result if is_whole else real])


@pytest.mark.parametrize("kinds", [(), *((kind,) for kind in REAL_FUNCTIONS), ("NEG", "ELU", "SQUARE")])
def test_all_values_are_those_of_tflm(kinds):
    tflite = real_row(kinds)
    compiled = compile_tflite(tflite)
    assert [node.kind for node in compiled.program.nodes] == ["INPUT", "LOOKUP"]
    expected = tflm_outputs(tflite, ALL).ravel().tolist()
    assert list(convlet.Model(compiled.cvl).run(ALL[0])) == expected


def test_real_values_that_stay_are_refused():
    text = r"operator 0 \(DEQUANTIZE\) makes real values .*, for operator 1 \(ELU\).* Instead of ELU use RELU"
    with pytest.raises(ModelError, match=text):
        compile_tflite(real_row(["ELU"], is_whole=False))
