import convlet
import numpy as np
import pytest
from chain import Chain
from convlet.compile import compile_tflite
from convlet.passes import simplify
from convlet.tflite_reader import read_tflite
from exactness import assert_exact


def made_of(chain):
    graph = read_tflite(chain.build())
    before = graph.operators[0]
    simplify(graph)
    return before, graph.operators


def test_with_a_stride_of_one_it_is_a_convolution_with_the_kernel_turned():
    before, (convolution,) = made_of(Chain((5, 4, 3)).transpose_conv(2, (3, 2), (1, 1)))
    assert convolution.kind == "CONV_2D" and convolution.output is before.output
    assert convolution.options["pads"] == (1, 1)  # of the 2 and 1 rows and columns SAME takes 1 and 0
    assert np.array_equal(convolution.inputs[1].constant, before.inputs[1].constant[:, ::-1, ::-1])


def test_each_phase_knows_its_taps():
    """A kernel of 3 rows, a stride of 2: even rows get taps 2 and 0, odd ones tap 1. Columns alike."""
    before, (convolution, copy) = made_of(Chain((5, 4, 3)).transpose_conv(2))
    weights, kernel = before.inputs[1].constant, convolution.inputs[1].constant
    assert (convolution.kind, copy.kind) == ("CONV_2D", "COPY")
    assert convolution.output.rows == (5, 4, 8) and copy.output.rows == (10, 8, 2)
    assert convolution.options["pads"] == (1, 1)
    even_even, even_odd, odd_even, odd_odd = np.split(kernel, 4)
    assert np.array_equal(even_even, weights[:, ::2, ::2][:, ::-1, ::-1])
    assert np.array_equal(even_odd[:, :, 1], weights[:, ::2, 1][:, ::-1]) and not even_odd[:, :, 0].any()
    assert np.array_equal(odd_even[:, 1], weights[:, 1, ::2][:, ::-1]) and not odd_even[:, 0].any()
    assert np.array_equal(odd_odd[:, 1, 1], weights[:, 1, 1]) and np.count_nonzero(odd_odd) <= 2 * 3


@pytest.mark.parametrize(("kernel", "stride"), [((2, 2), (2, 2)), ((4, 4), (2, 2)), ((3, 6), (3, 2))])
def test_kernels_of_whole_strides_cost_no_zeros(kernel, stride):
    before, (convolution, _) = made_of(Chain((5, 4, 3)).transpose_conv(2, kernel, stride))
    assert convolution.inputs[1].constant.size == before.inputs[1].constant.size


@pytest.mark.parametrize(
    ("kernel", "stride"), [((3, 3), (2, 2)), ((4, 4), (2, 2)), ((1, 2), (3, 2)), ((5, 1), (2, 1))]
)
@pytest.mark.parametrize("prefer", ["speed", "ram"])
def test_the_outputs_are_tflms(kernel, stride, prefer):
    chain = Chain((5, 4, 6), seed=11).transpose_conv(4, kernel, stride).function("RELU").conv(3)
    assert_exact(chain.build(), (5, 4, 6), seed=12, prefer=prefer)


def test_the_engine_keeps_a_few_rows():
    compiled = compile_tflite(Chain((40, 8, 4)).transpose_conv(3).build(), prefer="ram")
    assert compiled.plan.arena_bytes < 2 * 80 * 16 * 3
    assert convlet.Model(compiled.cvl).selftest() is None
