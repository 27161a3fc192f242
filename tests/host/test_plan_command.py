import json

import pytest
from chain import Chain, digits_chain
from convlet import cli
from convlet.compile import compile_tflite


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    path = tmp_path / "model.tflite"
    path.write_bytes(digits_chain().build())
    return path


def error_of(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main(["plan", *map(str, arguments)])
    assert stop.value.code == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("error: ") and captured.err.count("\n") == 1
    return captured.err


def files_of(model):
    return sorted(path.name for path in model.parent.iterdir())


def test_the_table_and_the_picture(model, capsys):
    cli.main(["plan", str(model), "--prefer", "ram"])
    text = capsys.readouterr().out
    rows = [line.split() for line in text.splitlines() if "x" in line]
    assert rows[:4] == [
        ["0", "INPUT", "8x8x1", "3", "of", "8", "24", "1-21"],
        ["1", "CONV_2D", "6x6x8", "1", "of", "6", "48", "4-22"],
        ["2", "MAX_POOL_2D", "3x3x8", "1", "of", "3", "24", "5-23"],
        ["3", "FULLY_CONNECTED", "1x1x10", "1", "of", "1", "50", "9-23"],
    ]
    assert "arena: 168 bytes (136 tensors and scratch, 32 engine)" in text
    assert "peak: 168 bytes in use while 1 CONV_2D works, in call 14 of 23" in text
    assert f"the picture is {model.with_suffix('.plan.png')}" in text
    assert files_of(model) == ["model.plan.png", "model.tflite"]


def test_a_cvl_file_has_the_same_plan(model, capsys):
    cvl = model.with_suffix(".cvl")
    cvl.write_bytes(compile_tflite(model.read_bytes(), prefer="ram").cvl)
    cli.main(["plan", str(model), "--prefer", "ram", "--json"])
    of_tflite = json.loads(capsys.readouterr().out)
    cli.main(["plan", str(cvl), "--json"])
    assert json.loads(capsys.readouterr().out) == of_tflite
    assert files_of(model) == ["model.cvl", "model.tflite"]  # with --json there is a picture only with -o
    assert of_tflite["arena_bytes"] == of_tflite["peak_bytes"] == 168 and of_tflite["peak_operator"] == 1
    assert of_tflite["operators"][3]["scratch"] == [{"offset": 128, "size": 40, "first": 8, "last": 22}]
    assert len(of_tflite["calls"]) == 23 and len(of_tflite["operators"][0]["rows"]) == 8


def test_quiet_draws_only(model, capsys):
    picture = model.parent / "new" / "p.svg"
    cli.main(["-q", "plan", str(model), "-o", str(picture)])
    assert capsys.readouterr().out == "" and picture.read_text().startswith("<?xml")


def test_a_model_with_brackets_in_its_name(model, capsys):
    odd = model.rename(model.with_name("a[b]$c_{$.tflite"))
    cli.main(["plan", str(odd)])
    assert "a[b]$c_{$.tflite" in capsys.readouterr().out


def test_a_model_that_is_not_there(model, capsys):
    text = error_of(capsys, model.with_name("no.tflite"))
    assert "cannot read the model" in text and "No such file" in text


def test_files_that_are_no_model(model, capsys):
    for name, expected in (("x.tflite", "not a .tflite file: found"), ("x.cvl", "not a .cvl file")):
        (model.parent / name).write_bytes(b"something else, but long enough for a header")
        text = error_of(capsys, model.parent / name)
        assert f"{name}: " in text and expected in text
    assert files_of(model) == ["model.tflite", "x.cvl", "x.tflite"]


def test_an_unknown_suffix_is_told_before_anything_else(model, capsys):
    text = error_of(capsys, model.with_name("no.tflite"), "-o", model.with_name("p.gif"))
    assert "p.gif: its name ends in '.gif', expected .png or .svg" in text


@pytest.mark.parametrize("out", ["model.tflite/p.png", "folder.png"])
def test_a_place_that_cannot_be_written(model, capsys, out):
    (model.parent / "folder.png").mkdir()
    assert "cannot write" in error_of(capsys, model, "-o", model.parent / out)
    assert files_of(model) == ["folder.png", "model.tflite"]


@pytest.mark.parametrize("option", ["--stream", "--int8-input"])
def test_the_plan_of_streams_and_of_int8_images(model, capsys, option):
    model.write_bytes(Chain((1, 20, 3)).pad(width=(2, 0)).conv(4, (1, 3)).conv(5, (1, 2)).build())
    cli.main(["plan", str(model), option])
    assert " INPUT " in capsys.readouterr().out
    cli.main(["compile", str(model), option])
    capsys.readouterr()
    cli.main(["plan", str(model), option, "--json"])
    of_tflite = capsys.readouterr().out
    cli.main(["plan", str(model.with_suffix(".cvl")), "--json"])
    assert capsys.readouterr().out == of_tflite


def test_a_cvl_file_has_no_preference(model, capsys):
    cvl = model.with_suffix(".cvl")
    cvl.write_bytes(compile_tflite(Chain((4, 4, 1)).max_pool().build()).cvl)
    assert "the plan of a .cvl file is made" in error_of(capsys, cvl, "--prefer", "ram")
