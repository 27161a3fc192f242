from chain import Chain, digits_chain
from convlet.compile import compile_tflite
from convlet.explain import explain
from convlet.graph import Change


def done(compiled):
    return {change.title: change.details for change in compiled.explanation if change.details}


def test_what_passes_did_and_what_was_decided():
    chain = Chain((8, 8, 2)).pad((1, 1), (1, 1)).conv(4).function("RELU").max_pool().reshape(64).dense(3)
    compiled = compile_tflite(chain.build(), prefer="speed")
    assert done(compiled) == {
        "pads folded into convolutions": ["operator 0 (PAD) into operator 1 (CONV_2D)"],
        "activations fused": ["operator 2 (RELU) into operator 1 (CONV_2D)"],
        "reshapes elided": ["operator 4 (RESHAPE)"],
        # A convolution with a pool makes the tensor of the pool.
        "zero points folded into biases": ["operator 3 (MAX_POOL_2D)", "operator 5 (FULLY_CONNECTED)"],
        "kernels with scratch, which are faster": [
            "operator 3 (MAX_POOL_2D)",
            "operator 5 (FULLY_CONNECTED)",
        ],
        "max pools made with the convolution before": ["operator 3 (MAX_POOL_2D)"],
    }


def test_every_pass_is_named_once():
    compiled = compile_tflite(digits_chain().build())
    titles = [change.title for change in compiled.explanation]
    assert len(titles) == len(set(titles))
    assert Change("pads folded into convolutions", []) in compiled.explanation


def test_equal_constants_and_rows_taken_as_they_come():
    chain = Chain((8, 8, 4), zero_point=9).function("ABS").max_pool().function("ABS").max_pool()
    compiled = compile_tflite(chain.build(), prefer="ram")
    assert explain(compiled.graph, compiled.program) == compiled.explanation
    assert done(compiled)["equal constants stored once"] == ["2 times 256 bytes"]
    assert done(compiled)["inputs taken row by row, not kept"] == [
        "operator 1 (MAX_POOL_2D)",
        "operator 3 (MAX_POOL_2D)",
    ]
