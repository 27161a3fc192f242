"""Models with uint8 and real values at their borders, against TFLM."""

import convlet
import numpy as np
import pytest
from chain import Chain
from convlet.compile import compile_tflite
from convlet.errors import ModelError
from convlet.verify import random_images, verify
from operator_models import images_of
from tflite_builder import FLOAT32, INT16, INT32, UINT8, BuiltTensor
from tflite_micro import runtime


class Bordered(Chain):
    """A convolution between borders of other types."""

    def __init__(self, outer=FLOAT32, scale=1 / 200, zero_point=-100):
        """`outer`: the type of the input, which is quantised to int8 with this scale and zero point."""
        super().__init__((5, 4, 2), scale=scale, zero_point=zero_point)
        self.outer_input = self._outer(outer, self.tensor)
        self._quantize("QUANTIZE", self.outer_input, self.tensor)
        self.conv(3)

    def _outer(self, kind, like, scale=None, zero_point=None):
        """A tensor of type `kind` beside int8 tensor `like`, where uint8 has the same values plus 128."""
        inner = self.builder.tensors[like]
        scale = inner.scale if scale is None else [scale]
        zero_point = inner.zero_point + 128 if zero_point is None else zero_point
        fields = ([], 0) if kind == FLOAT32 else (scale, zero_point)
        self.builder.tensors.append(BuiltTensor(inner.shape, *fields, type=kind))
        return len(self.builder.tensors) - 1

    def _quantize(self, operator, source, result):
        self.builder.operator(operator, [source], result, f"{operator.capitalize()}Options")

    def ended(self, kind=FLOAT32, **quantization):
        """The file, with an output of type `kind` made of the last int8 tensor."""
        result = self._outer(kind, self.tensor, **quantization)
        self._quantize("DEQUANTIZE" if kind == FLOAT32 else "QUANTIZE", self.tensor, result)
        return self.builder.build([self.outer_input], [result])


def assert_equal(tflite):
    compiled = compile_tflite(tflite)
    assert verify(tflite, compiled, random_images(compiled, 50)).exact
    return convlet.Model(compiled.cvl), compiled


def tflm(tflite, image):
    interpreter = runtime.Interpreter.from_bytes(tflite, arena_size=1 << 16)
    interpreter.set_input(image[np.newaxis], 0)
    interpreter.invoke()
    return interpreter.get_output(0).ravel()


def test_real_borders_are_the_ports():
    tflite = Bordered().ended()
    model, compiled = assert_equal(tflite)
    assert [node.kind for node in compiled.program.nodes] == ["INPUT", "CONV_2D"]
    assert (np.float32(model.input_scale), model.input_zero_point) == (np.float32(1 / 200), -100)
    images = np.random.default_rng(1).uniform(-0.5, 1.5, (20, 5, 4, 2)).astype(np.float32)
    images[0, 0, 0] = 1e6, -1e6  # beyond 32 bits TFLM's conversion is undefined
    for image in images:
        assert np.array(model.predict(image), np.float32).tolist() == tflm(tflite, image).tolist()


@pytest.mark.parametrize("quantization", [{}, {"scale": 0.02, "zero_point": 77}, {"scale": 1.5}])
def test_uint8_borders(quantization):
    tflite = Bordered(UINT8).ended(UINT8, **quantization)
    model, compiled = assert_equal(tflite)
    kinds = [node.kind for node in compiled.program.nodes]
    assert kinds == ["INPUT", "CONV_2D"] + ["LOOKUP"] * bool(quantization)
    pixels = np.random.default_rng(2).integers(0, 256, (20, 5, 4, 2)).astype(np.uint8)
    for image in pixels:
        made = tflm(tflite, image)
        assert (np.asarray(model.run(image)).astype(int) + 128).tolist() == made.tolist()
        scale, zero_point = model.output_scale, model.output_zero_point + 128
        real = (made.astype(np.float32) - zero_point) * np.float32(scale)
        assert np.array(model.predict(image), np.float32).tolist() == real.tolist()


def test_types_may_differ_at_both_ends():
    assert_equal(Bordered(UINT8).ended())
    assert_equal(Bordered().ended(UINT8))


def test_readers_of_one_real_input_must_quantise_it_alike():
    def twice(scale):
        chain = Bordered()
        first = chain.tensor
        chain.shape = (5, 4, 2)
        chain.tensor = chain.builder.tensor((1, 5, 4, 2), scale, -100)
        chain._quantize("QUANTIZE", chain.outer_input, chain.tensor)
        chain.conv(3)
        total = chain.builder.tensor((1, 3, 2, 3), 0.1, 0)
        chain.builder.operator("ADD", [first, chain.tensor], total, "AddOptions")
        chain.tensor = total
        return chain.ended()

    assert_equal(twice(1 / 200))
    with pytest.raises(ModelError, match=r"^input 'tensor1' is quantised in 2 ways, expected one: convert"):
        compile_tflite(twice(1 / 100))


def test_other_operators_do_not_take_uint8():
    chain = Chain((5, 4, 2), zero_point=3).conv(3)
    chain.builder.tensors[chain.input].type = UINT8
    with pytest.raises(ModelError, match=r"^operator 0 \(CONV_2D\) reads the tensor 'tensor0' of type UINT8"):
        compile_tflite(chain.build())


def test_int16_is_refused_with_advice():
    chain = Chain((5, 4, 2)).conv(3)
    chain.builder.tensors[chain.input].type = INT16
    with pytest.raises(ModelError, match="is INT16, expected INT8: convert the model with int8 activations"):
        compile_tflite(chain.build())


def test_borders_have_one_shape():
    chain = Bordered()
    chain.builder.tensors[chain.outer_input].shape = (1, 8, 5)
    with pytest.raises(ModelError, match=r"^operator 0 \(QUANTIZE\) makes \(1, 5, 4, 2\), but reads"):
        compile_tflite(chain.ended())


def classes(shape, axis, kind=INT32, scores=4):
    """A dense layer or a convolution, and the class of its greatest score."""
    chain = Chain((5, 4, 2)).dense(scores) if len(shape) == 1 else Chain((5, 4, 2)).conv(scores)
    axes = chain.builder.constant(np.array(axis, np.int32))
    chain.builder.tensors.append(BuiltTensor(shape, type=kind))
    result = len(chain.builder.tensors) - 1
    chain.builder.operator("ARG_MAX", [chain.tensor, axes], result, "ArgMaxOptions", OutputType=kind)
    return chain.builder.build([chain.input], [result])


@pytest.mark.parametrize(("axis", "scores"), [(1, 4), (-1, 4), (1, 1)])
def test_classes_are_left_to_classify(axis, scores):
    tflite = classes((1,), axis, scores=scores)
    model, compiled = assert_equal(tflite)
    assert [node.kind for node in compiled.program.nodes] == ["INPUT", "FULLY_CONNECTED"]
    assert "operator 1 (ARG_MAX) is a class: " in compiled.graph.notes[0]
    for image in images_of((5, 4, 2), seed=3):
        assert model.classify(image)[0] == str(tflm(tflite, image)[0])


def test_the_class_is_the_first_of_equals():
    chain = Chain((1, 1, 3)).max_pool((1, 1), (1, 1)).reshape(3)
    axis = chain.builder.constant(np.array(1, np.int32))
    chain.builder.tensors.append(BuiltTensor((1,), type=INT32))
    result = len(chain.builder.tensors) - 1
    chain.builder.operator("ARG_MAX", [chain.tensor, axis], result, "ArgMaxOptions", OutputType=INT32)
    tflite = chain.builder.build([chain.input], [result])
    model, _ = assert_equal(tflite)
    for image in np.array([[1, 5, 5], [5, 5, 1], [2, 2, 2], [0, 1, 1]], np.int8).reshape(-1, 1, 1, 3):
        assert model.classify(image)[0] == str(tflm(tflite, image)[0])


def test_classes_of_pixels():
    model, _ = assert_equal(classes((1, 3, 2), 3))
    assert model.output_shape == (3, 2, 4)


def test_other_axes_are_refused():
    with pytest.raises(
        ModelError, match=r"^operator 1 \(ARG_MAX\) compares along axis \[1\] of \[1, 3, 2, 4\], expected"
    ):
        compile_tflite(classes((1, 2, 4), 1))
