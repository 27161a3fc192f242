import json

import pytest
from chain import Chain, digits_chain, stream_chain
from convlet import cli
from convlet.compile import compile_tflite
from convlet.explain import FAST_KINDS


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    path = tmp_path / "model.tflite"
    path.write_bytes(digits_chain().build())
    return path


@pytest.fixture
def too_large(tmp_path):
    """Its dense layer has 2 MB of weights."""
    path = tmp_path / "large.tflite"
    path.write_bytes(Chain((8, 8, 64)).max_pool((1, 1), (1, 1)).dense(512).build())
    return path


def code_of(*arguments):
    try:
        cli.main([*map(str, arguments)])
    except SystemExit as stop:
        return stop.code
    return 0


def test_all_boards(model, capsys):
    assert code_of("fits", model, "--no-time") == 0
    text = capsys.readouterr().out
    assert {"pico", "pico2", "esp32", "esp32s3", "esp32c3"} <= {
        line.split()[0] for line in text.splitlines() if line.strip()
    }
    assert "model.tflite takes 2," in text and "bytes of flash" in text
    assert "CONV_2D_WIDE has the most weights, " in text and "GlobalAveragePooling2D" in text


def test_one_board_has_the_time_of_each_operator(model, capsys):
    assert code_of("fits", model, "--board", "pico") == 0
    text = capsys.readouterr().out
    assert "between the kernels" in text and "cycles an instruction" in text
    rows = [line.split() for line in text.splitlines()]
    fast = [row for row in rows if {*FAST_KINDS} & {*row} and "%" in "".join(row)]
    assert len(fast) == 2 and all(float(row[-3]) <= float(row[-1]) for row in fast)


def test_json_is_all_there_is(model, capsys):
    assert code_of("-q", "fits", model, "--board", "pico", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    (pico,) = found["boards"]
    assert pico["fits"] and pico["ram_short"] == 0
    time = pico["time"]
    assert time["least_ms"] == pytest.approx(time["instructions"] / 125_000 * time["cycles"]["least"])
    assert [each["operator"] for each in found["cheaper"]] == ["operator 3 (FULLY_CONNECTED)"]


def test_what_does_not_fit_is_told_and_the_exit_code(too_large, capsys):
    assert code_of("fits", too_large, "--no-time") == 0
    assert code_of("fits", too_large, "--no-time", "--board", "pico") == 1
    text = " ".join(capsys.readouterr().out.split())
    assert "ms more where the file is read in place" not in text  # without times
    assert "of flash short" in text and "2 FULLY_CONNECTED has the most weights, 2,101,760 bytes" in text


def test_where_the_file_must_lie(tmp_path, capsys):
    """A file larger than the heap, and smaller than a Pico's ROMFS."""
    path = tmp_path / "large.tflite"
    path.write_bytes(Chain((8, 8, 4)).conv(16, padding="SAME").reshape(1024).dense(244).build())
    assert code_of("fits", path, "--no-time", "--prefer", "ram") == 0
    text = capsys.readouterr().out
    verdicts = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert "fits, ROMFS" in verdicts["pico"] and "fits, window" in verdicts["pico-stock"]
    assert "convlet deploy --romfs" in text and "convlet compile --window 4096" in text


def test_a_cvl_file(model, capsys):
    cvl = model.with_suffix(".cvl")
    cvl.write_bytes(compile_tflite(model.read_bytes()).cvl)
    assert code_of("fits", cvl, "--no-time") == 0
    assert "model.cvl takes" in capsys.readouterr().out
    assert code_of("fits", cvl, "--prefer", "ram") == 2
    assert "--prefer and --stream are for .tflite files" in capsys.readouterr().err


def test_no_model(model, capsys):
    model.write_bytes(b"something else")
    assert code_of("fits", model) == 1
    assert "model.tflite: not a .tflite file" in capsys.readouterr().err


def test_a_stream(tmp_path, capsys):
    model = tmp_path / "stream.tflite"
    model.write_bytes(stream_chain(16).build())
    assert code_of("fits", model, "--stream", "--board", "pico") == 0
    printed = capsys.readouterr().out
    assert "Step, ms" in printed and "a step takes 1 row of the input and gives an output" in printed
    cli.main(["compile", str(model), "--stream"])
    capsys.readouterr()
    assert code_of("fits", model.with_suffix(".cvl"), "--board", "pico", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["is_stream"] and found["boards"][0]["time"]["instructions"] > 100
