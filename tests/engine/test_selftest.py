import convlet
import pytest
from chain import Chain, digits_chain, padded_chain
from convlet.compile import compile_tflite
from convlet.format import HEADER, OPERATOR
from cvl_edit import edited, field, patched

CVL = compile_tflite(padded_chain().build(), vectors=3, prefer="ram").cvl
KINDS = ["INPUT", "CONV_2D", "MAX_POOL_2D", "RESHAPE", "CONV_2D", "FULLY_CONNECTED"]  # with the least RAM


def vector_bytes(cvl):
    return 4 * (1 + HEADER.unpack(cvl)["operator_count"])


def changed(data, offset):
    return patched(data, offset, bytes([data[offset] ^ 0x40]))


def test_good_files_pass():
    for chain in (digits_chain(), padded_chain()):
        for vectors in (0, 1, 5):
            assert convlet.Model(compile_tflite(chain.build(), vectors=vectors).cvl).selftest() is None


@pytest.mark.parametrize("index", [1, 4, 5])
def test_a_changed_weight_is_laid_to_its_operator(index):
    damaged = changed(CVL, field(CVL, OPERATOR, index, "weights"))
    expected = rf"^selftest: operator {index} \({KINDS[index]}\) gives other values than the compiler's$"
    with pytest.raises(ValueError, match=expected):
        convlet.Model(damaged).selftest()


@pytest.mark.parametrize("vector", [0, 1, 2])
@pytest.mark.parametrize("index", range(len(KINDS)))
def test_every_checksum_of_every_vector_is_compared(vector, index):
    offset = HEADER.unpack(CVL)["vectors"] + vector * vector_bytes(CVL) + 4 * (1 + index)
    with pytest.raises(ValueError, match=rf"operator {index} \({KINDS[index]}\)"):
        convlet.Model(changed(CVL, offset)).selftest()


@pytest.mark.parametrize("vector", [0, 1, 2])
def test_another_seed_makes_another_image(vector):
    with pytest.raises(ValueError, match=r"operator 0 \(INPUT\)"):
        convlet.Model(changed(CVL, HEADER.unpack(CVL)["vectors"] + vector * vector_bytes(CVL))).selftest()


def test_a_changed_clamp_is_noticed():
    with pytest.raises(ValueError, match=r"operator 5 \(FULLY_CONNECTED\)"):
        convlet.Model(edited(CVL, OPERATOR, 5, clamp_max=-100)).selftest()


def test_a_model_runs_after_its_selftest():
    model = convlet.Model(CVL)
    before = list(model.run(bytes(9 * 7 * 3)))
    model.selftest()
    assert list(model.run(bytes(9 * 7 * 3))) == before


def test_every_input_has_its_own_image():
    """The numpy reference gives the second input the seed that follows the first one's."""
    chain, window = (
        Chain((6, 6, 1)).max_pool(),
        {"StrideH": 1, "StrideW": 1, "FilterHeight": 1, "FilterWidth": 1},
    )
    second, result = chain.builder.tensor((1, 6, 6, 1), 1.0, 0), chain.builder.tensor((1, 6, 6, 1), 1.0, 0)
    chain.builder.operator("MAX_POOL_2D", [second], result, "Pool2DOptions", **window)
    cvl = compile_tflite(chain.builder.build([chain.input, second], [chain.tensor, result])).cvl
    convlet.Model(cvl).selftest()
