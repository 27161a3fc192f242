import numpy as np
import pytest
from chain import Chain
from convlet.compile import compile_tflite
from convlet.ops.requantization import requantization_of
from convlet.passes import drop_constant_channels
from convlet.passes.constant_channels import channel_bounds
from convlet.reference import run_graph
from convlet.tflite_reader import read_tflite
from elementwise_models import ElementwiseChain
from exactness import assert_exact
from hypothesis import given, settings
from hypothesis import strategies as st
from operator_models import images_of

SHAPE = (6, 7, 3)
DEAD, SATURATED = -(2**28), 2**28  # biases: behind the ReLU always the zero point, always 127


def with_biases(chain, **biases):
    """The chain, whose last layer has these biases for some channels: `c3=DEAD`."""
    for name, bias in biases.items():
        chain.builder.tensors[chain.tensor - 1].data[int(name[1:])] = bias
    return chain


def channels_after(chain):
    graph = read_tflite(chain.build())
    done = drop_constant_channels(graph)
    return done, [operator.output.rows[2] for operator in graph.operators]


def dead_before_padding():
    """Of 9 channels 2 are dead and 1 is saturated, which next to padding is not constant."""
    return with_biases(Chain(SHAPE).conv(9), c0=DEAD, c4=DEAD, c8=SATURATED).conv(5, padding="SAME")


def test_dead_channels_go_also_before_padding():
    done, channels = channels_after(dead_before_padding())
    assert done == ["2 of 9 channels of operator 0 (CONV_2D)"] and channels == [7, 5]
    assert_exact(dead_before_padding().build(), SHAPE, seed=1)


def test_saturated_channels_go_before_windows_inside_the_image():
    chain = with_biases(Chain(SHAPE).conv(9), c0=DEAD, c8=SATURATED).conv(5, (2, 2))
    assert channels_after(chain)[1] == [7, 5]
    assert_exact(chain.build(), SHAPE, seed=2)


def test_channels_go_through_what_acts_on_each_alone():
    chain = with_biases(Chain(SHAPE).conv(9, padding="SAME"), c1=DEAD, c2=DEAD, c3=SATURATED)
    chain = chain.depthwise().max_pool().function("TANH", 1 / 128, 0).average_pool((2, 2), (1, 1)).dense(4)
    done, channels = channels_after(chain)
    assert channels == [7] * 5 + [4] and len(done) == 1
    assert_exact(chain.build(), SHAPE, seed=3)


@pytest.mark.parametrize("kind", ["ABS", "GELU", "HARD_SWISH", "LEAKY_RELU", "RELU6", "TANH"])
def test_bounds_behind_one_function_are_those_of_the_next(kind):
    """Whatever type its table has."""
    options = {"Alpha": 0.1} if kind == "LEAKY_RELU" else {}
    chain = Chain(SHAPE).conv(9).function(kind, 1 / 128, 0, **options).function("LOGISTIC", 1 / 256, -128)
    graph = read_tflite(chain.conv(4).build())
    assert {bound.dtype for pair in channel_bounds(graph).values() for bound in pair} == {np.dtype(np.int64)}


def test_a_channel_that_is_dead_in_the_end_goes_from_the_start():
    """The convolution's channel is not constant, but nobody needs it."""
    chain = with_biases(Chain(SHAPE).conv(9).depthwise(), c5=DEAD).conv(4, (1, 1))
    assert channels_after(chain)[1] == [8, 8, 4]
    assert_exact(chain.build(), SHAPE, seed=4)


def test_fours_stay_fours_and_one_channel_stays():
    dead = {f"c{channel}": DEAD for channel in range(8)}
    chain = with_biases(Chain(SHAPE).conv(12), **dict(list(dead.items())[:5])).conv(4)
    assert channels_after(chain)[1] == [8, 4]
    assert channels_after(with_biases(Chain(SHAPE).conv(8), **dead).conv(4))[1] == [4, 4]
    chain = with_biases(Chain(SHAPE).conv(7), **dict(list(dead.items())[:7])).conv(3)
    assert channels_after(chain)[1] == [1, 3]
    assert_exact(chain.build(), SHAPE, seed=5)


def test_a_dense_layer_reads_the_channels_of_every_pixel():
    chain = with_biases(Chain(SHAPE).conv(5), c1=DEAD, c2=SATURATED).dense(11)
    graph = read_tflite(chain.build())
    drop_constant_channels(graph)
    assert graph.operators[1].inputs[1].shape == (11, 4 * 5 * 3)
    chain = with_biases(chain, c3=DEAD, c7=SATURATED).dense(2)
    assert channels_after(chain)[1] == [3, 9, 2]
    assert_exact(chain.build(), SHAPE, seed=6)


def test_the_last_channel_of_a_dense_layer_keeps_its_multiplier():
    """That of a layer with one scale for all is computed in another way."""
    chain = with_biases(Chain(SHAPE).dense(5), c0=DEAD, c1=DEAD, c3=DEAD, c4=DEAD).dense(3)
    graph = read_tflite(chain.build())
    before = requantization_of(graph.operators[0])
    drop_constant_channels(graph)
    after = requantization_of(graph.operators[0])
    assert after.multiplier.tolist() == [before.multiplier[2]]
    assert_exact(chain.build(), SHAPE, seed=8)


@pytest.mark.parametrize(
    "chain",
    [
        with_biases(Chain(SHAPE).conv(5), c1=DEAD),
        with_biases(Chain(SHAPE).conv(5), c1=DEAD).joined_with_itself(3).conv(2),
        with_biases(Chain(SHAPE).conv(6), c1=DEAD).conv(4, groups=2),
        with_biases(Chain(SHAPE).conv(5), c1=DEAD).depthwise(2).conv(4),
        with_biases(Chain(SHAPE).conv(5), c1=SATURATED).conv(4, padding="SAME"),
        Chain(SHAPE).conv(5).conv(4),
    ],
)
def test_what_is_needed_stays(chain):
    assert channels_after(chain)[0] == []


def test_a_reader_without_biases_gets_them():
    chain = with_biases(Chain(SHAPE).conv(5), c1=SATURATED).conv(4)
    chain.builder.operators[-1].inputs = chain.builder.operators[-1].inputs[:2]
    graph = read_tflite(chain.build())
    drop_constant_channels(graph)
    assert len(graph.operators[1].inputs) == 3
    assert_exact(chain.build(), SHAPE, seed=7)


def test_sums_that_do_not_fit_32_bits_prove_nothing():
    """The engine and TFLM let them run over."""
    chain = with_biases(Chain(SHAPE).conv(5), c1=2**31 - 1, c2=-(2**31) + 1).conv(4)
    assert channels_after(chain)[0] == []


biases = st.lists(st.sampled_from([None, None, DEAD, SATURATED, -3000, 3000]), min_size=10, max_size=10)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.tuples(biases, biases, biases),
    st.sampled_from(["SAME", "VALID"]),
    st.sampled_from(["max_pool", "average_pool"]),
    st.integers(0, 2**20),
)
def test_random_models_are_exact_and_within_their_bounds(drawn, padding, pool, seed):
    def biased(chain, values):
        return with_biases(chain, **{f"c{i}": bias for i, bias in enumerate(values) if bias is not None})

    chain = biased(Chain(SHAPE, seed=seed).conv(10, padding=padding), drawn[0])
    chain = biased(chain.depthwise(padding=padding, kernel=(3, 2)), drawn[1])
    chain = biased(chain.conv(10, (2, 1), padding=padding), drawn[2])
    tflite = getattr(chain, pool)((1, 2)).dense(3).build()
    graph = read_tflite(tflite)
    bounds = channel_bounds(graph)
    for image in images_of(SHAPE, seed):
        for tensor, values in run_graph(graph, [image]).items():
            low, high = bounds[tensor]
            assert np.all((low <= values) & (values <= high))
    assert_exact(tflite, SHAPE, seed)


def test_the_numbers_of_macs_and_bytes_fall():
    plain, dead = Chain(SHAPE).conv(5).conv(4), dead_before_padding()
    compiled = compile_tflite(dead.build())
    assert [node.shape[2] for node in compiled.program.nodes] == [3, 7, 5]
    assert compiled.program.macs == 4 * 5 * 7 * 27 + 4 * 5 * 5 * 63
    assert compile_tflite(plain.build()).program.macs == 4 * 5 * 5 * 27 + 2 * 3 * 4 * 45


def test_bounds_do_not_leave_their_type():
    """A function makes real values, another int8 ones, of which differences do not fit int8."""
    chain = ElementwiseChain(SHAPE, seed=1, scale=0.1, zero_point=3).conv(4)
    scalar = chain.builder.constant(np.array([5], np.int8), [0.2])
    chain.of_two("MUL", scalar, 0.1, -4).of_one("LEAKY_RELU", 0.1, 3, Alpha=0.1).conv(4)
    assert channels_after(chain) == ([], [4, 4, 4, 4])
