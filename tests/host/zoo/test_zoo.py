"""Every model of the zoo: it can be converted and compiled, has the operators it is there for, and TFLM's outputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from convlet.compile import compile_tflite
from convlet.engine import Model
from convlet.errors import ConvletError
from convlet.oracle import Oracle
from convlet.reference import run_graph
from convlet.tflite_reader import read_tflite
from convlet.verify import random_images
from convlet.zoo import NAMES, find_recipe
from convlet.zoo_table import weight_bytes

# TensorFlow's own, of its converter.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")

# Of each model, what it shows.
OPERATORS = {
    "autoencoder": {"CONV_2D", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"},
    "digits": {"CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED"},
    "lenet5": {"CONV_2D", "AVERAGE_POOL_2D", "FULLY_CONNECTED"},
    "micro_alexnet": {"CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED"},
    "micro_inception": {"CONV_2D", "MAX_POOL_2D", "CONCATENATION", "MEAN"},
    "micro_mobilenet": {"CONV_2D", "DEPTHWISE_CONV_2D", "HARD_SWISH", "LOGISTIC", "MUL", "ADD", "MEAN"},
    "micro_resnet": {"CONV_2D", "ADD", "MEAN"},
    "micro_vgg": {"CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED"},
    "motion_conv1d": {"PAD", "CONV_2D"},
}


@pytest.mark.parametrize("name", NAMES)
def test_the_engine_gives_tflms_outputs(name: str, untrained_tflite: Callable[[str], bytes]) -> None:
    tflite = untrained_tflite(name)
    oracle = Oracle(tflite)
    compiled = [compile_tflite(tflite), compile_tflite(tflite, prefer="ram", int8_input=True)]
    graph = compiled[0].graph
    images = random_images(compiled[0], 200, seed=3)
    expected = np.array([oracle.run(image) for image in images])
    assert len(np.unique(expected)) > 10, "outputs that hardly differ prove little"
    for model in (Model(each.cvl) for each in compiled):
        np.testing.assert_array_equal([np.array(model.run(*image)) for image in images], expected)
    for image, values in zip(images[:5], expected, strict=False):
        np.testing.assert_array_equal(run_graph(graph, image)[graph.outputs[0]].ravel(), values)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_has_the_operators_it_is_there_for(
    name: str, untrained_tflite: Callable[[str], bytes]
) -> None:
    found = {operator.kind for operator in read_tflite(untrained_tflite(name)).operators}
    assert found >= OPERATORS[name]


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"micro_inception", "micro_mobilenet"}))
def test_the_cvl_has_little_but_weights(name: str, untrained_tflite: Callable[[str], bytes]) -> None:
    """The two that are left out have so many operators that their records take more than 2 KB."""
    tflite = untrained_tflite(name)
    assert len(compile_tflite(tflite, prefer="ram").cvl) <= 1.04 * weight_bytes(read_tflite(tflite)) + 2048


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_has_the_name_of_its_file_and_a_line_about_it(name: str) -> None:
    recipe = find_recipe(name)
    assert recipe.name == name
    assert recipe.summary
    assert "\n" not in recipe.summary


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConvletError, match=f"no model 'lenet' in the zoo; it has: {', '.join(NAMES)}"):
        find_recipe("lenet")
