import pytest
from chain import Chain, digits_chain
from convlet.compile import compile_file, compile_tflite, read_labels
from convlet.errors import ConvletError, ModelError
from convlet.format import HEADER
from convlet.variants import PREFERENCES


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(digits_chain().build())
    return path


def test_a_file_is_compiled(model):
    cvl = model.with_suffix(".cvl")
    compiled = compile_file(model, cvl, [*"0123456789"], vectors=3)
    assert cvl.read_bytes() == compiled.cvl
    assert compiled.cvl == compile_tflite(model.read_bytes(), [*"0123456789"], vectors=3).cvl
    header = HEADER.unpack(compiled.cvl)
    assert (header["label_count"], header["vector_count"]) == (10, 3)


def test_an_unknown_operator_is_named_and_no_file_is_written(model):
    chain = digits_chain()
    chain.builder.operator("ATAN2", [chain.tensor], chain.builder.tensor((1, 10), 1.0, 0), "ReshapeOptions")
    model.write_bytes(chain.build())
    with pytest.raises(
        ModelError, match=r"model\.tflite: not supported yet: operator 4 \(ATAN2\)\. Supported: .*CONV_2D"
    ):
        compile_file(model, model.with_suffix(".cvl"))
    assert list(model.parent.iterdir()) == [model]


def test_a_failure_leaves_the_old_file(model):
    cvl = model.with_suffix(".cvl")
    cvl.write_bytes(b"old")
    with pytest.raises(ModelError, match="3 labels, but the model has 10 classes"):
        compile_file(model, cvl, ["a", "b", "c"])
    assert cvl.read_bytes() == b"old" and len(list(model.parent.iterdir())) == 2


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(ConvletError, match=r"cannot read the model .*no\.tflite: No such file"):
        compile_file(tmp_path / "no.tflite", tmp_path / "model.cvl")
    with pytest.raises(ConvletError, match=r"cannot read the labels .*no\.txt: No such file"):
        read_labels(tmp_path / "no.txt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        (b"cat\ndog\n", ["cat", "dog"]),
        (b"cat\r\ndog", ["cat", "dog"]),
        (b"two words\n\nlast\n\n\n", ["two words", "", "last"]),
        ("Κατηγορία\n猫".encode(), ["Κατηγορία", "猫"]),
    ],
)
def test_labels_stand_one_a_line(tmp_path, content, labels):
    (tmp_path / "labels.txt").write_bytes(content)
    assert read_labels(tmp_path / "labels.txt") == labels


def test_labels_are_utf8(tmp_path):
    for content, found in ((b"\xff\xfe", "bytes that begin with ff fe"), (b"", "an empty file")):
        (tmp_path / "labels.txt").write_bytes(content)
        with pytest.raises(ConvletError, match=rf"labels\.txt are {found}, expected UTF-8 text"):
            read_labels(tmp_path / "labels.txt")


def test_no_preference_needs_less_than_ram():
    """A LeNet-5 of which the search for the smallest arena alone finds one that is larger than that for speed."""
    chain = Chain((28, 28, 1)).conv(6, (5, 5), padding="SAME").average_pool().conv(16, (5, 5)).average_pool()
    tflite = chain.dense(120).dense(84).dense(10).build()
    arenas = {
        prefer: compile_tflite(tflite, prefer=prefer, vectors=0).plan.arena_bytes for prefer in PREFERENCES
    }
    assert arenas["ram"] == min(arenas.values()) == 1372


def test_labels_that_do_not_fit_beside_a_window():
    dense = Chain((2, 2, 1)).dense(1100).build()
    with pytest.raises(ModelError, match=r"are more than 262,140 bytes, .* use shorter labels$"):
        compile_tflite(dense, [f"{number:0>250}" for number in range(1100)], window=4096)
