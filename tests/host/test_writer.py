import struct
import zlib
from itertools import pairwise

import numpy as np
import pytest
from chain import Chain, digits_chain
from convlet.compile import compile_tflite
from convlet.cvl_file import read_cvl
from convlet.errors import ModelError
from convlet.format import (
    FLAG_LOGITS,
    FLAG_MAPPED,
    FLAG_PLACED,
    HEADER,
    NO_OPERATOR,
    OP,
    OPERATOR,
    PORT,
    VERSION,
)
from convlet.writer import write_cvl
from cvl_edit import begin_of, goals_of
from exactness import assert_exact
from golden import FOLDER
from tflite_builder import Builder

LABELS = [f"digit {index}" for index in range(10)]
COMPILED = compile_tflite(digits_chain().build(), LABELS, vectors=2)
CVL, PROGRAM, PLAN = COMPILED.cvl, COMPILED.program, COMPILED.plan
HEAD = HEADER.unpack(CVL)


def operator(index):
    return OPERATOR.unpack(CVL, begin_of(CVL, OPERATOR, index))


def test_the_header():
    data_fields = ("crc32", "labels", "vectors", "head_words")
    assert {name: value for name, value in HEAD.items() if name not in data_fields} == {
        "magic": b"CVL1",
        "file_bytes": len(CVL),
        "arena_bytes": PLAN.arena_bytes,
        "version": VERSION,
        "flags": FLAG_LOGITS,
        "operator_count": 3,
        "input_count": 1,
        "output_count": 1,
        "goal_count": len(PLAN.goals),
        "label_count": 10,
        "vector_count": 2,
    }
    assert HEAD["crc32"] == zlib.crc32(CVL[8:])


def test_operators_are_the_nodes():
    for index, node in enumerate(PROGRAM.nodes):
        record = operator(index)
        assert record["code"] == OP[node.kind]
        assert record["input"] == (node.sources[0] if node.sources else NO_OPERATOR)
        assert (record["height"], record["width"], record["channels"]) == node.shape
        assert record["ring_rows"] == PLAN.ring_rows[index] and record["offset"] == PLAN.offsets[index]
        assert record.items() >= vars(node.window).items()
        assert record["zero_point_in"] == node.zero_point_in
        assert record["zero_point_out"] == node.tensor.zero_point
        assert (record["clamp_min"], record["clamp_max"]) == (node.clamp_min, node.clamp_max)


def test_weights_and_tables_lie_where_the_record_says():
    for index, node in enumerate(PROGRAM.nodes):
        for name, piece in (("weights", node.weights), ("table", node.table)):
            at = operator(index)[name]
            assert CVL[at : at + len(piece)] == piece
            assert at % 4 == 0 and (at == 0) == (not piece)


def test_equal_constants_stand_there_once():
    chain = Chain((8, 8, 4), zero_point=9).function("ABS").max_pool().function("ABS").max_pool()
    compiled = compile_tflite(chain.build())
    tables = [node.table for node in compiled.program.nodes if node.kind == "LOOKUP"]
    assert len(tables) == 2 and tables[0] == tables[1] and compiled.cvl.count(tables[0]) == 1
    assert_exact(chain.build(), (8, 8, 4), seed=1)


def test_weights_that_a_tflite_shares_are_stored_once():
    b = Builder()
    tensors = [b.tensor((1, 4, 4, 8), 0.1, 0) for _ in range(3)]
    weights = b.constant(np.arange(64, dtype=np.int8).reshape(8, 1, 1, 8), [0.01])
    for source, result in pairwise(tensors):
        b.operator("CONV_2D", [source, weights], result, "Conv2DOptions", StrideH=1, StrideW=1)
    tflite = b.build(tensors[:1], tensors[2:])
    first, second = (
        OPERATOR.unpack(cvl, begin_of(cvl, OPERATOR, i))
        for cvl in [compile_tflite(tflite).cvl]
        for i in (1, 2)
    )
    assert (first["weights"], first["table"]) == (second["weights"], second["table"])
    assert_exact(tflite, (4, 4, 8), seed=1)


def test_ports_and_goals():
    ports = [PORT.unpack(CVL, begin_of(CVL, PORT, index)) for index in (0, 1)]
    source, result = COMPILED.graph.inputs[0], COMPILED.graph.outputs[0]
    assert [port["op_index"] for port in ports] == [0, 2]
    assert [port["zero_point"] for port in ports] == [source.zero_point, result.zero_point]
    assert [port["scale"] for port in ports] == [source.tensor_scale, result.tensor_scale]
    assert list(struct.unpack_from(f"<{len(PLAN.goals)}H", CVL, goals_of(CVL))) == PLAN.goals
    assert PLAN.goals[-1] == 2


def test_labels():
    at = HEAD["labels"]
    for label in LABELS:
        text = label.encode()
        assert CVL[at : at + 1 + len(text)] == bytes([len(text)]) + text
        at += 1 + len(text)


def test_vectors():
    vectors = np.frombuffer(CVL, "<u4", 2 * 4, HEAD["vectors"]).reshape(2, 4)
    assert vectors[:, 0].tolist() == [1, 2] and len(set(vectors.ravel().tolist())) == 8


def test_without_labels_and_vectors_there_are_none():
    header = HEADER.unpack(write_cvl(PROGRAM, PLAN))
    assert [header[name] for name in ("labels", "label_count", "vectors", "vector_count")] == [0] * 4


def test_equal_models_give_equal_files():
    assert compile_tflite(digits_chain().build(), LABELS, vectors=2).cvl == CVL


@pytest.mark.parametrize("count", [1, 9, 11])
def test_there_is_a_label_for_each_class(count):
    with pytest.raises(ModelError, match=f"^{count} labels, but the model has 10 classes$"):
        write_cvl(PROGRAM, PLAN, ["x"] * count)


def test_labels_have_at_most_255_bytes():
    write_cvl(PROGRAM, PLAN, ["x" * 255] * 10)
    with pytest.raises(ModelError, match="has 256 bytes, expected at most 255"):
        write_cvl(PROGRAM, PLAN, ["é" * 128] * 10)


def test_several_outputs():
    chain = Chain((6, 6, 1)).conv(2)
    inner = chain.tensor
    chain.max_pool()
    compiled = compile_tflite(chain.builder.build([chain.input], [chain.tensor, inner]))
    ports = [PORT.unpack(compiled.cvl, begin_of(compiled.cvl, PORT, index)) for index in range(3)]
    assert [port["op_index"] for port in ports] == [0, 2, 1]


def test_all_but_the_constants_of_operators_lies_in_the_head():
    """In the head are also the maps and what operators share; behind it one operator's constants after the other's."""
    for name in ("digits_like", "moved", "elementwise", "fast"):
        cvl = (FOLDER / f"{name}.cvl").read_bytes()
        header, file = HEADER.unpack(cvl), read_cvl(cvl)
        head = 4 * header["head_words"]
        assert header["labels"] < head and header["vectors"] < head
        assert all(op["offset"] < head for op in file.operators if op["flags"] & FLAG_PLACED)
        assert all(op["table"] < head for op in file.operators if op["flags"] & FLAG_MAPPED)
        offsets = [op[name] for op in file.operators for name in ("weights", "table") if op[name] >= head]
        assert offsets == sorted(set(offsets))


def test_a_head_that_cannot_be_counted_has_no_size():
    few, many = (
        compile_tflite(Chain((2, 2, 1)).dense(count).build(), [f"{number:0>250}" for number in range(count)])
        for count in (1000, 1100)
    )
    assert HEADER.unpack(few.cvl)["head_words"] > 1000 * 250 // 4
    assert HEADER.unpack(many.cvl)["head_words"] == 0
