"""What scripts read: `--json` of the commands, and the exit codes."""

import json
from pathlib import Path

import click
import numpy as np
import pytest
from chain import Chain, digits_chain
from convlet import cli
from convlet.compile import compile_tflite

NO_FACTS = {"completion": "prints a script for a shell"}


def leaves(command, *names):
    """The words and the command of each that is no group."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from leaves(command.get_command(context, name), *names, name)
    else:
        yield " ".join(names), command


def test_every_command_that_prints_facts_has_json():
    found = dict(leaves(cli.convlet))
    assert len(found) > 25 and NO_FACTS.keys() <= found.keys()
    without = []
    for name, command in found.items():
        flags = [parameter for parameter in command.params if "--json" in parameter.opts]
        if not any(parameter.is_flag for parameter in flags):
            without.append(name)
    assert without == [*NO_FACTS]


@pytest.fixture
def tflite(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(digits_chain().build())
    return path


@pytest.fixture
def cvl(tflite):
    path = tflite.with_suffix(".cvl")
    path.write_bytes(compile_tflite(tflite.read_bytes(), labels=list("abcdefghij")).cvl)
    return path


def printed(capsys, *arguments):
    cli.main([*map(str, arguments)])
    return capsys.readouterr().out


def json_of(capsys, *arguments):
    return json.loads(printed(capsys, *arguments, "--json"))


def error_of(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main([*map(str, arguments)])
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") <= 3
    return stop.value.code, captured.err


def test_inspect_a_tflite(tflite, capsys):
    found = json_of(capsys, "inspect", tflite)
    assert found["bytes"] == tflite.stat().st_size and found["macs"] == 3312
    kinds = ["CONV_2D", "MAX_POOL_2D", "RESHAPE", "FULLY_CONNECTED"]
    assert [operator["kind"] for operator in found["operators"]] == kinds
    assert [operator["macs"] for operator in found["operators"]] == [2592, 0, 0, 720]
    assert found["inputs"][0]["shape"] == [8, 8, 1] and found["inputs"][0]["zero_point"] == -128
    text = printed(capsys, "inspect", tflite)
    assert "3,312 multiplications" in text
    assert "input: 8x8x1, real value = 0.00392157 * (q + 128)\n" in text


def test_inspect_a_cvl(cvl, capsys):
    found = json_of(capsys, "inspect", cvl)
    assert found["header"]["arena_bytes"] == 244 and found["labels"] == list("abcdefghij")
    assert found["operators"][0]["kind"] == "INPUT" and len(found["operators"]) == 3
    assert [port["shape"] for port in found["outputs"]] == [[1, 1, 10]]
    text = printed(capsys, "inspect", cvl)
    assert "arena 244 bytes" in text and "output: 1x1x10, real value = " in text


def test_inspect_what_is_no_model(tmp_path, capsys):
    for name, expected in (("x.tflite", "not a .tflite file"), ("x.cvl", "not a .cvl file")):
        (tmp_path / name).write_bytes(b"something else, but long enough for a header")
        code, text = error_of(capsys, "inspect", tmp_path / name)
        assert code == 1 and f"{name}: " in text and expected in text


def test_run(cvl, tmp_path, capsys):
    np.save(tmp_path / "image.npy", np.zeros((8, 8, 1), np.int8))
    (found,) = json_of(capsys, "run", cvl, tmp_path / "image.npy", "--top", "2")
    first, second = found["classes"]
    assert found["image"].endswith("image.npy") and first["label"] in "abcdefghij"
    assert 0 <= second["probability"] <= first["probability"] <= 1


def test_verify(tflite, capsys):
    found = json_of(capsys, "verify", tflite, "--random", "3")
    counts = {
        "images": 3,
        "reference_mismatches": 0,
        "engine_mismatches": 0,
        "exact": True,
        "oracle": "tflite-micro",
    }
    assert found == {"model": str(tflite), **counts}


def test_verify_exits_with_1_when_an_output_differs(tflite, monkeypatch, capsys):
    other = compile_tflite(Chain((8, 8, 1), seed=5).conv(8).max_pool().reshape(72).dense(10).build())
    monkeypatch.setattr("convlet.commands.verify.compile_tflite", lambda data, **options: other)
    assert cli_code("verify", tflite, "--random", "1") == 1


def cli_code(*arguments):
    try:
        cli.main([*map(str, arguments)])
    except SystemExit as stop:
        return stop.code
    return 0


def test_compile(tflite, capsys):
    found = json_of(capsys, "compile", tflite)
    cvl = tflite.with_suffix(".cvl")
    assert found["cvl"] == str(cvl) and found["bytes"] == cvl.stat().st_size
    assert (found["macs"], found["arena_bytes"], found["is_stream"]) == (3312, 244, False)
    assert "zero points folded into biases" in {change["title"] for change in found["passes"]}


def test_export_c(tflite, capsys):
    header = tflite.with_name("model_tflite.h")
    expected = {"header": str(header), "array": "model_tflite", "bytes": tflite.stat().st_size}
    assert json_of(capsys, "export-c", tflite) == expected


def test_recordings(tmp_path, capsys):
    path = tmp_path / "motion.csv"
    found = json_of(capsys, "recording", "motion", "-o", path)
    assert found == {"file": str(path), "bytes": path.stat().st_size}


def test_native_build(capsys):
    (found,) = json_of(capsys, "native", "build", "--arch", "x64")
    assert found["architecture"] == "x64" and found["file_bytes"] == Path(found["path"]).stat().st_size


def test_sources_of_the_firmware(capsys):
    found = json_of(capsys, "firmware", "sources")
    assert (Path(found["micropython"]) / "py").is_dir() and Path(found["pico_sdk"]).is_dir()


def test_size_of_the_firmware(cvl, capsys):
    found = json_of(capsys, "firmware", "size", "--core", "m0plus", "--only", cvl)
    every, own = found["builds"].values()
    assert every["total"] > own["total"] == sum(own["file_bytes"].values())
    assert found["operators"]["SOFTMAX"] > 0


def test_size_on_a_board(capsys):
    (measured,) = json_of(capsys, "firmware", "size")["builds"].values()
    assert measured["rest"] + sum(measured["file_bytes"].values()) == measured["added"]["flash_bytes"]


def test_quiet_commands_print_nothing(tflite, cvl, capsys):
    for arguments in (("inspect", cvl), ("compile", tflite), ("verify", tflite, "--random", 1)):
        assert printed(capsys, "-q", *arguments) == ""
