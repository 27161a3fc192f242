"""What `profile` tells of each operator: its multiply-accumulates are those that the compiler counted."""

import convlet
import numpy as np
import pytest
from chain import digits_chain, moved_chain, padded_chain, reductions_chain, stream_chain, windows_chain
from convlet.compile import compile_tflite
from convlet.variants import PREFERENCES
from elementwise_models import elementwise_chain
from several_ports import several_ports

CHAINS = (digits_chain, elementwise_chain, moved_chain, padded_chain, reductions_chain, windows_chain)


def assert_profile(compiled, *images):
    nodes = compiled.program.nodes
    profile = convlet.Model(compiled.cvl).profile(*images)
    assert [(name, macs) for name, _, macs in profile] == [(node.kind, node.macs) for node in nodes]
    assert all(isinstance(spent, int) and spent >= 0 for _, spent, _ in profile)


@pytest.mark.parametrize("prefer", PREFERENCES)
@pytest.mark.parametrize("chain", CHAINS)
def test_macs_are_the_compilers(chain, prefer):
    assert_profile(compile_tflite(chain().build(), prefer=prefer))


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # of TensorFlow's converter
@pytest.mark.parametrize("name", ["autoencoder", "micro_inception", "micro_mobilenet"])
def test_macs_of_the_zoo(name, untrained_tflite):
    """Transposed convolutions, branches, and depthwise convolutions."""
    assert_profile(compile_tflite(untrained_tflite(name)))


def test_a_stream_is_profiled_for_one_period():
    compiled = compile_tflite(stream_chain(16).build(), stream=True)
    program = compiled.program
    macs = [
        node.macs // node.shape[0] * rows for node, rows in zip(program.nodes, program.period, strict=True)
    ]
    model = convlet.Model(compiled.cvl)
    assert [entry[2] for entry in model.profile()] == macs and sum(macs) > 0
    with pytest.raises(ValueError, match="the model is a stream"):
        model.profile(bytes(6))


def test_images_of_the_callers():
    compiled = compile_tflite(several_ports())
    image = np.zeros((3, 4, 2), np.float32)
    assert_profile(compiled, image, image, image)
    with pytest.raises(ValueError, match="got 1 images, the model has 3 inputs"):
        convlet.Model(compiled.cvl).profile(image)


def test_a_model_that_keeps_no_rows_needs_an_image():
    compiled = compile_tflite(digits_chain().build(), int8_input=True)
    with pytest.raises(ValueError, match="the model reads whole images where they lie: give one"):
        convlet.Model(compiled.cvl).profile()
    assert_profile(compiled, np.zeros((8, 8, 1), np.int8))


def test_afterwards_the_model_is_as_new():
    model = convlet.Model(compile_tflite(digits_chain().build()).cvl)
    image = bytes(range(64))
    before = list(model.run(image))
    model.push(image[:8])
    model.profile()
    with pytest.raises(ValueError, match="there is no output yet"):
        model.classify()
    assert list(model.push(image)) == before
