"""The golden files (golden.py), against the writer, the numpy reference and the engine."""

import convlet
import numpy as np
import pytest
from convlet.reference import run_graph
from convlet.tflite_reader import read_tflite
from golden import FOLDER, IMAGES, golden_files

NAMES = sorted(path.stem for path in FOLDER.glob("*.cvl"))


def rows(name, kind):
    data = np.frombuffer((FOLDER / f"{name}.{kind}").read_bytes(), np.int8)
    return data.reshape(IMAGES, -1)


def test_files_are_what_the_compiler_writes():
    expected = golden_files()
    assert {path.name for path in FOLDER.iterdir()} == set(expected)
    for name, content in expected.items():
        assert (FOLDER / name).read_bytes() == content, f"{name} is stale: scripts/generate_vectors.py"


def test_files_are_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 66000


@pytest.mark.parametrize("name", NAMES)
def test_reference_gives_the_outputs(name):
    graph = read_tflite((FOLDER / f"{name}.tflite").read_bytes())
    images, outputs = rows(name, "images"), rows(name, "outputs")
    if name == "stream":
        images, outputs = images.reshape(1, -1), outputs.reshape(1, -1)
    for image, expected in zip(images, outputs, strict=True):
        assert run_graph(graph, [image])[graph.outputs[0]].ravel().tolist() == expected.tolist()


@pytest.mark.parametrize("name", NAMES)
def test_engine_gives_the_outputs(name):
    model = convlet.Model(FOLDER / f"{name}.cvl")
    model.selftest()
    for image, expected in zip(rows(name, "images"), rows(name, "outputs"), strict=True):
        if name == "stream":
            assert [value for step in np.split(image, 8) for value in model.step(step)] == expected.tolist()
        else:
            assert list(model.run(image)) == expected.tolist()
