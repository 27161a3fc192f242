import math

import convlet
import numpy as np
import pytest
from chain import handing_through
from convlet.compile import compile_tflite
from convlet.format import HEADER, PORT
from cvl_edit import edited
from hypothesis import given, settings
from hypothesis import strategies as st


def cvl_of(count, scale=0.1, zero_point=0, labels=()):
    """The model's output is its input, quantised."""
    return compile_tflite(handing_through(count, scale, zero_point), labels).cvl


def scores(values):
    return np.array(values, np.int8)


def softmax(values, scale):
    real = values.astype(np.float64) * scale
    powers = np.exp(real - real.max())
    return powers / powers.sum()


def probabilities(model, values):
    """By class, as classify tells them."""
    ranked = model.classify(values, top=len(values))
    return [probability for _, probability in sorted(ranked, key=lambda pair: int(pair[0]))]


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(-128, 127), min_size=1, max_size=30),
    st.floats(2.0**-10, 4.0, width=32),
    st.integers(-128, 127),
)
def test_probabilities_are_the_softmax(values, scale, zero_point):
    model = convlet.Model(cvl_of(len(values), scale, zero_point))
    found = probabilities(model, scores(values))
    assert found == pytest.approx(softmax(scores(values), np.float32(scale)), rel=0, abs=3e-7)


def test_extreme_scales_give_probabilities():
    values = scores([-128, 127, 127, 0])
    for scale, expected in ((3e38, [0, 0.5, 0.5, 0]), (2.0**-149, [0.25] * 4)):
        for zero_point in (-128, 0, 127):
            model = convlet.Model(cvl_of(4, scale, zero_point))
            assert probabilities(model, values) == pytest.approx(expected, abs=1e-30)


def test_without_the_flag_probabilities_are_the_real_values():
    cvl = edited(cvl_of(3, 1 / 256, -128), HEADER, flags=0)
    assert probabilities(convlet.Model(cvl), scores([-128, 0, 127])) == [0.0, 0.5, 255 / 256]


def test_classes_are_ranked_and_ties_go_to_the_lower_index():
    model = convlet.Model(cvl_of(6))
    ranked = model.classify(scores([5, 9, -128, 9, 5, 9]), top=6)
    assert [label for label, _ in ranked] == ["1", "3", "5", "0", "4", "2"]
    assert model.classify(scores([7] * 6))[0] == "0"
    assert model.classify(scores([-128] * 6), top=3) == [(str(i), pytest.approx(1 / 6)) for i in range(3)]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=30))
def test_ranking_is_a_stable_sort(values):
    ranked = convlet.Model(cvl_of(len(values))).classify(scores(values), top=len(values))
    assert [int(label) for label, _ in ranked] == sorted(range(len(values)), key=lambda i: -values[i])


def test_labels_of_any_length_and_script():
    labels = ["", "a" * 255, "Κατηγορία", "猫", "0"]
    model = convlet.Model(cvl_of(5, labels=labels))
    assert model.labels == tuple(labels)
    assert [model.classify(scores(np.eye(5)[i]))[0] for i in range(5)] == labels


def test_predict_gives_real_values():
    model = convlet.Model(cvl_of(4, 0.5, -3))
    assert model.predict(scores([-3, -2, 127, -128])) == [0.0, 0.5, 65.0, -62.5]


def test_real_values_may_be_infinite():
    cvl = edited(cvl_of(2), PORT, 1, scale=3e38)
    assert convlet.Model(cvl).predict(scores([127, -128])) == [math.inf, -math.inf]
