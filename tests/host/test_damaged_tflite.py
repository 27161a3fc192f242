"""Files that nobody should have written: always a compiled file or a ConvletError, within 20 seconds and 1 GB."""

import subprocess
import sys

import pytest
import tflite_damage
from bench_models import MLPERF
from convlet.compile import compile_tflite
from convlet.errors import ModelError
from golden import FOLDER
from several_ports import several_ports
from tflite_builder import Builder


def assert_compile_or_refused(folder, files, count, least):
    """`count` damaged forms of each; at least `least` compile, else the damage is too coarse to pass the reader."""
    command = [sys.executable, tflite_damage.__file__, str(count), "1", *sorted(files)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= least


def test_damaged_files_compile_or_are_refused(tmp_path):
    (tmp_path / "ports.tflite").write_bytes(several_ports())
    assert_compile_or_refused(tmp_path, [*FOLDER.glob("*.tflite"), tmp_path / "ports.tflite"], 40, 20)


@pytest.mark.skipif(not MLPERF.is_dir(), reason="the models are not beside this checkout")
def test_damaged_real_models_compile_or_are_refused(tmp_path):
    assert_compile_or_refused(tmp_path, MLPERF.glob("*.tflite"), 10, 5)


class Net:
    """Layers of one shape, each with a tensor of its own."""

    def __init__(self, *shape):
        self.builder, self.shape = Builder(), (1, *shape)
        self.input = self.builder.tensor(self.shape, 0.5, 0)

    def layer(self, kind, options, *inputs, **fields):
        result = self.builder.tensor(self.shape, 0.5, 0)
        self.builder.operator(kind, inputs, result, options, **fields)
        return result

    def pool(self, source):
        sizes = {"StrideH": 1, "StrideW": 1, "FilterHeight": 3, "FilterWidth": 3}
        return self.layer("MAX_POOL_2D", "Pool2DOptions", source, **sizes)

    def add(self, a, b):
        return self.layer("ADD", "AddOptions", a, b)

    def pools(self, count):
        last = self.input
        for _ in range(count):
            last = self.pool(last)
        return self.build(last)

    def build(self, output):
        return self.builder.build([self.input], [output])


def test_deep_networks_compile():
    """Deeper than Python's stack may be."""
    assert compile_tflite(Net(8, 8, 1).pools(990)).program.nodes[-1].shape == (8, 8, 1)


def test_wide_networks_compile():
    net = Net(16, 16, 2)
    branches = [net.pool(net.input) for _ in range(200)]
    last = branches[0]
    for branch in branches[1:]:
        last = net.add(last, branch)
    assert len(compile_tflite(net.build(last)).program.nodes) == 400


def test_networks_of_blocks_compile():
    net = Net(32, 32, 2)
    last = net.input
    for _ in range(60):
        last = net.add(last, net.pool(last))
    compile_tflite(net.build(last))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (Net(8, 8, 1).pools(1001), "the model has 1,001 operators, expected at most 1,000"),
        (
            Net(32767, 32767, 1).pools(1),
            "the model has 2,147,352,578 values in all tensors, expected at most",
        ),
        (
            Net(65535, 1, 1).pools(5),
            "the model has 1,376,235 rows to make and read, expected at most 262,144",
        ),
        (bytes(4) + b"TFL3" + bytes(1 << 26), "the .tflite file has 67,108,872 bytes, expected at most"),
    ],
)
def test_what_is_too_large_is_refused(data, text):
    with pytest.raises(ModelError, match=f"^{text}"):
        compile_tflite(data)
