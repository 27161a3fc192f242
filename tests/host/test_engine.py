import array
import threading

import convlet
import numpy as np
import pytest
from chain import Chain, digits_chain, padded_chain
from convlet._engine import lib
from convlet.compile import compile_tflite
from convlet.format import OPERATOR
from cvl_edit import edited
from operator_models import images_of

LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COMPILED = compile_tflite(digits_chain().build(), LABELS, prefer="ram")
CVL, ARENA = COMPILED.cvl, COMPILED.plan.arena_bytes
IMAGE = images_of((8, 8, 1), seed=1)[0]


@pytest.fixture
def model():
    return convlet.Model(CVL)


def test_facts(model):
    assert model.arena_bytes == ARENA
    assert model.labels == LABELS
    assert (model.input_shape, model.output_shape) == ((8, 8, 1), (1, 1, 10))
    source, result = COMPILED.graph.inputs[0], COMPILED.graph.outputs[0]
    assert (model.input_scale, model.input_zero_point) == (source.tensor_scale, source.zero_point)
    assert (model.output_scale, model.output_zero_point) == (result.tensor_scale, result.zero_point)
    assert repr(model) == f"<Model 8x8x1 -> 1x1x10, 10 labels, arena {ARENA} bytes>"


def test_check_needs_no_arena():
    facts = convlet.check(CVL)
    assert facts["arena_bytes"] == ARENA and facts["file_bytes"] == len(CVL) and facts["label_count"] == 10
    assert convlet.check(bytearray(CVL)) == convlet.check(memoryview(CVL)) == facts
    with pytest.raises(ValueError, match="the file has 0 bytes, expected 40"):
        convlet.check(b"")


def test_models_come_from_bytes_and_files(tmp_path):
    path = tmp_path / "model.cvl"
    path.write_bytes(CVL)
    outputs = {
        bytes(convlet.Model(source).run(IMAGE))
        for source in (CVL, bytearray(CVL), memoryview(CVL), path, str(path))
    }
    assert len(outputs) == 1
    with pytest.raises(OSError):
        convlet.Model(tmp_path / "no.cvl")


def test_run_predict_and_classify_agree(model):
    output = np.array(model.run(IMAGE)).astype(int)
    real = model.predict(IMAGE)
    assert real == pytest.approx((output - model.output_zero_point) * model.output_scale, rel=1e-6)
    label, probability = model.classify(IMAGE)
    assert label == LABELS[int(output.argmax())]
    powers = np.exp(np.array(real) - max(real))
    assert probability == pytest.approx(powers.max() / powers.sum(), rel=1e-5)


def test_classify_tells_the_best(model):
    all_classes = model.classify(IMAGE, top=10)
    assert sorted(label for label, _ in all_classes) == sorted(LABELS)
    assert [p for _, p in all_classes] == sorted((p for _, p in all_classes), reverse=True)
    assert sum(p for _, p in all_classes) == pytest.approx(1)
    assert model.classify(IMAGE, top=3) == all_classes[:3]
    assert model.classify(IMAGE, top=1) == all_classes[:1]
    assert model.classify(IMAGE, top=99) == all_classes
    assert (
        model.classify(IMAGE)
        == model.classify(IMAGE, top=0)
        == model.classify(IMAGE, top=-1)
        == all_classes[0]
    )


def test_without_labels_classes_are_numbers():
    model = convlet.Model(compile_tflite(digits_chain().build()).cvl)
    assert model.labels == () and model.classify(IMAGE)[0] in set("0123456789")


def test_the_output_is_read_only_and_always_the_newest(model):
    output = model.run(IMAGE)
    assert output.format == "b" and len(output) == 10 and output.readonly
    with pytest.raises(TypeError):
        output[0] = 1
    first = list(output)
    model.run(bytes(64))
    assert list(output) == list(model.output) != first


def test_an_arena_of_exactly_the_size_is_enough(model):
    arena = bytearray(ARENA)
    mine = convlet.Model(CVL, arena=arena)
    assert list(mine.run(IMAGE)) == list(model.run(IMAGE))
    assert bytes(mine.output) in bytes(arena)
    with pytest.raises(
        MemoryError, match=f"an arena of {ARENA - 1} bytes is too small: the model needs {ARENA}"
    ):
        convlet.Model(CVL, arena=bytearray(ARENA - 1))


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.float32, np.int64])
def test_arenas_of_any_type_and_greater_ones(model, kind):
    arena = np.zeros(ARENA, kind)
    assert list(convlet.Model(CVL, arena=arena).run(IMAGE)) == list(model.run(IMAGE))


def test_arenas_that_cannot_be_used():
    with pytest.raises(ValueError, match="the arena begins 2 bytes past a multiple of 4"):
        convlet.Model(CVL, arena=memoryview(bytearray(ARENA + 4))[2:])
    for arena in (bytes(ARENA), [0] * ARENA, ARENA):
        with pytest.raises((TypeError, BufferError)):
            convlet.Model(CVL, arena=arena)


@pytest.mark.parametrize("count", [0, 1, 63, 65, 128])
def test_images_of_the_wrong_length(model, count):
    for image in (bytes(count), np.zeros(count, np.float32)):
        with pytest.raises(
            ValueError, match=f"the image has {count} values, the model's input has 8 x 8 x 1"
        ):
            model.run(image)


def test_images_of_the_wrong_type(model):
    for image in (None, 5, "text"):
        kinds = "a buffer of 'f', 'h', 'B' or 'b' values, or a list"
        expected = f"the image is a {type(image).__name__}, expected {kinds}"
        with pytest.raises(ValueError, match=expected):
            model.run(image)
    for kind in "dHiq":
        with pytest.raises(
            ValueError, match=f"the image has values of type '{kind}', expected 'f', 'h', 'B' or 'b'"
        ):
            model.run(array.array(kind, [0] * 64))
    with pytest.raises(ValueError, match="the image has values of type '>f'"):
        model.run(np.zeros(64, ">f4"))


def test_every_input_needs_an_image(model):
    with pytest.raises(ValueError, match="got 0 images, the model has 1 inputs"):
        model.run()
    with pytest.raises(ValueError, match="got 2 images, the model has 1 inputs"):
        model.run(IMAGE, IMAGE)


def test_a_refused_image_leaves_the_model_well(model):
    before = list(model.run(IMAGE))
    with pytest.raises(ValueError):
        model.run(bytes(3))
    assert list(model.run(IMAGE)) == before


def test_images_need_not_be_contiguous(model):
    expected = list(model.run(IMAGE))
    wide = np.zeros((8, 16, 1), np.int8)
    wide[:, ::2] = IMAGE
    assert list(model.run(wide[:, ::2])) == expected
    assert list(model.run(memoryview(wide[:, ::2]))) == expected
    assert list(model.run(np.asfortranarray(IMAGE[..., 0]))) == expected
    assert list(model.run(IMAGE.astype(np.float32)[::-1][::-1] * 0)) == list(model.run(np.zeros((8, 8), "f")))


def test_all_types_of_pixels_give_the_same(model):
    expected = list(model.run(IMAGE))
    pixels = (IMAGE.astype(int) + 128).astype(np.uint8)
    assert list(model.run(pixels)) == list(model.run(pixels.tobytes())) == expected
    real = (IMAGE.astype(np.float32) - model.input_zero_point) * np.float32(model.input_scale)
    assert list(model.run(real)) == expected


def test_models_do_not_disturb_each_other():
    digits, padded = convlet.Model(CVL), convlet.Model(compile_tflite(padded_chain().build()).cvl)
    again = convlet.Model(CVL)
    images = images_of((9, 7, 3), seed=2)
    alone = list(digits.run(IMAGE)), list(padded.run(images[0]))
    for _ in range(3):
        again.run(bytes(64))
        assert (list(digits.run(IMAGE)), list(padded.run(images[0]))) == alone


def test_threads_may_share_a_model(model):
    """What predict and classify return belongs to their own image."""
    images = [IMAGE, np.zeros((8, 8, 1), np.int8)]
    expected = [(model.predict(image), model.classify(image, top=3)) for image in images]
    wrong = []

    def work(which):
        for _ in range(200):
            found = model.predict(images[which]), model.classify(images[which], top=3)
            if found != expected[which]:
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(index % 2,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert expected[0] != expected[1] and wrong == []


def test_a_file_that_changes_later_does_not_matter():
    file = bytearray(CVL)
    model = convlet.Model(file)
    before = list(model.run(IMAGE))
    file[:] = b"\xff" * len(file)
    assert list(model.run(IMAGE)) == before


@pytest.mark.parametrize("use", ["run", "push", "profile", "selftest"])
def test_after_ctrl_c_a_model_is_as_if_it_had_not_been_run(model, use, monkeypatch):
    expected = list(model.run(IMAGE))

    class Interrupted:
        """The engine, where Ctrl-C comes after two rows."""

        left = 2

        def __getattr__(self, name):
            if name.startswith(("cvl_step", "cvl_selftest")):
                self.left -= 1
                if self.left < 0:
                    raise KeyboardInterrupt
            return getattr(lib, name)

    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr("convlet.engine.lib", interrupted := Interrupted())
            interrupted.left = 0 if use == "selftest" else 2
            with pytest.raises(KeyboardInterrupt):
                getattr(model, use)(*([] if use == "selftest" else [IMAGE]))
        with pytest.raises(ValueError, match="no output yet"):
            model.classify()
        assert list(model.push(IMAGE)) == list(model.run(IMAGE)) == expected


def test_selftest_names_the_first_operator_that_differs(model):
    model.selftest()
    with pytest.raises(
        ValueError, match=r"^selftest: operator 1 \(CONV_2D\) gives other values than the compiler's$"
    ):
        convlet.Model(edited(CVL, OPERATOR, 1, clamp_max=-10)).selftest()


def test_several_inputs_and_outputs():
    chain = Chain((6, 6, 1)).max_pool()
    other = Chain((6, 6, 1))
    second = chain.builder.tensor((1, 4, 4, 1), 1.0, 0)
    result = chain.builder.tensor((1, 16), 1.0, 0)
    chain.builder.operator("RESHAPE", [second], result, "ReshapeOptions")
    cvl = compile_tflite(chain.builder.build([chain.input, second], [chain.tensor, chain.tensor]))
    model = convlet.Model(cvl.cvl)
    model.selftest()
    assert other.shape == model.input_shape
    output = model.run(np.arange(36, dtype=np.int8), bytes(16))
    assert list(output) == [7, 9, 11, 19, 21, 23, 31, 33, 35]
    with pytest.raises(ValueError, match="got 1 images, the model has 2 inputs"):
        model.run(bytes(36))
    with pytest.raises(ValueError, match="the image has 36 values, the model's input has 4 x 4 x 1"):
        model.run(bytes(36), bytes(36))
