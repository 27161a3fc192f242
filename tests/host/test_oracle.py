import json

import numpy as np
import pytest
import tflite
from chain import Chain, digits_chain
from convlet.cli import main
from convlet.errors import ModelError, ToolError
from convlet.oracle import NAME, Oracle
from tflite_builder import Builder


def tiled_chain():
    chain = Chain((2, 3, 4)).conv(4, (1, 1))
    counts = chain.builder.constant(np.array([1, 2, 3, 1], np.int32))
    return chain._layer("TILE", [counts], (4, 9, 4), "TileOptions")


def test_tflm_is_the_measure():
    oracle = Oracle(digits_chain().build())
    assert oracle.name == NAME == "tflite-micro"
    assert oracle.run([np.zeros((8, 8, 1), np.int8)]).shape == (10,)
    assert oracle.arena_bytes() > 1000


def test_the_reference_stands_in_for_an_operator_that_tflm_lacks(capfd):
    oracle = Oracle(tiled_chain().build())
    assert oracle.name == "the numpy reference, since tflite-micro has no TILE"
    image = np.random.default_rng(1).integers(-128, 128, (2, 3, 4)).astype(np.int8)
    output = oracle.run([image]).reshape(4, 9, 4)
    # What it tiles is TFLM's: the same model without the TILE.
    alone = Oracle(Chain((2, 3, 4)).conv(4, (1, 1)).build()).run([image]).reshape(2, 3, 4)
    assert np.array_equal(output, np.tile(alone, (2, 3, 1)))
    assert oracle.input_details["shape"].tolist() == [1, 2, 3, 4]
    assert oracle.output_details["quantization_parameters"]["scales"].shape == (1,)
    with pytest.raises(ToolError, match="did not tell the size of its arena"):
        oracle.arena_bytes()
    assert "TILE" not in capfd.readouterr().err


def test_verify_says_what_it_compared_with(tmp_path, capsys):
    (tmp_path / "tiled.tflite").write_bytes(tiled_chain().build())
    main(["verify", str(tmp_path / "tiled.tflite"), "--random", "3"])
    assert "compared with the numpy reference, since tflite-micro has no TILE" in capsys.readouterr().out
    main(["verify", str(tmp_path / "tiled.tflite"), "--random", "3", "--json"])
    assert json.loads(capsys.readouterr().out)["oracle"].startswith("the numpy reference")


def test_no_model_is_refused():
    with pytest.raises(ModelError):
        Oracle(b"no model")


def test_what_tflm_stops_at_is_left_to_the_reference():
    """TFLM takes the file, and then only ARG_MAX of int32."""
    b = Builder()
    source, result = b.tensor((1, 9), 0.5, 3), b.tensor((1,), 1.0, 0)
    b.tensors[result].type = tflite.TensorType.INT64
    b.operator(
        "ARG_MAX", [source, b.constant(np.array([1], np.int32))], result, "ArgMaxOptions", OutputType=4
    )
    lookup = b.tensor((1, 9), 0.5, 3)
    b.operator("ABS", [source], lookup, "AbsOptions")
    oracle = Oracle(b.build([source], [lookup, result]))
    assert oracle.name == "tflite-micro"
    assert oracle.run([np.arange(9, dtype=np.int8)]).tolist() == [6, 5, 4, 3, 4, 5, 6, 7, 8]
    assert oracle.name == "the numpy reference, since tflite-micro cannot run operator 0 (ARG_MAX)"
