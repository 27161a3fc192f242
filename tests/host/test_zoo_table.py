"""The table of the zoo: its numbers are those of the files, and it finds its place in a README."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from chain import digits_chain
from click.testing import CliRunner
from convlet import zoo_table
from convlet.cli import convlet as command_line
from convlet.compile import compile_tflite
from convlet.engine import Model
from convlet.errors import ConvletError, VerifyError
from convlet.tflite_reader import read_tflite
from convlet.zoo_table import BEGIN, COLUMNS, END, Entry, markdown, measure_trained, put_into, weight_bytes

if TYPE_CHECKING:
    from conftest import Digits

ENTRY = Entry("thing", 1234, ("99.0%", "98.0%", "98.0%"), 5000, 3000, 784, 9000, 300, 200, 150, 560, 0)


def test_the_entry_of_the_digits(digits: Digits) -> None:
    entry = measure_trained("digits")
    metrics = json.loads((digits.folder / "digits.metrics.json").read_text())
    tflite = digits.tflite.read_bytes()
    keras, int8 = f"{metrics['keras_score']:.1%}", f"{metrics['int8_tflite_score']:.1%}"
    assert entry.scores == (keras, int8, int8)
    assert (entry.macs, entry.largest_bytes) == (3312, 288)
    assert entry.tflite_bytes == len(tflite)
    assert entry.cvl_bytes == len(compile_tflite(tflite, prefer="ram").cvl)
    arenas = [compile_tflite(tflite, prefer=prefer).plan.arena_bytes for prefer in ("balance", "ram")]
    assert [entry.arena_bytes, entry.ram_arena_bytes] == arenas
    assert entry.int8_arena_bytes < entry.ram_arena_bytes
    assert 1668 <= entry.tflm_arena_bytes <= 2400
    assert (entry.compared, entry.mismatches) == (560, 0)


def test_the_weights_of_the_digits(digits: Digits) -> None:
    """Those of the convolution and of the dense layer; a scale and a bias for each of 18 channels."""
    assert weight_bytes(read_tflite(digits.tflite.read_bytes())) == 72 + 720 + 4 * 18 + 4 * 18


def test_a_wrong_engine_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(digits_chain().build())
    runs: list[int] = []

    class Wrong(Model):
        def run(self, *images: np.ndarray) -> np.ndarray:
            runs.append(1)
            outputs = np.array(super().run(*images))
            outputs[0] ^= len(runs) % 50 == 0
            return outputs

    monkeypatch.setattr(zoo_table, "Model", Wrong)
    monkeypatch.setattr(zoo_table, "NAMES", ())
    done = CliRunner().invoke(command_line, ["zoo", str(model)])
    assert "4 of 200" in done.stdout
    assert isinstance(done.exception, VerifyError)
    assert str(done.exception) == "other outputs than TFLM's: model"


def test_json_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convlet.commands.zoo.measure_zoo", lambda more, progress: [ENTRY])
    done = CliRunner().invoke(command_line, ["zoo", "--json"], catch_exceptions=False)
    assert json.loads(done.stdout) == [json.loads(json.dumps(asdict(ENTRY)))]


def test_the_table_takes_its_place_in_the_readme(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    put_into(readme, markdown([ENTRY]))
    before, begin, heading, line, row, end, after = readme.read_text().splitlines()
    assert (before, begin, end, after) == ("before", BEGIN, END, "after")
    assert heading.count("|") == line.count("|") == row.count("|") == len(COLUMNS) + 1
    assert row.startswith("| thing | 1,234 | 99.0% | 98.0% | 98.0% | 0 of 560 | 5,000 | 3,000 |")


def test_a_readme_without_a_place_is_left_as_it_is(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"text\n{BEGIN}\n")
    with pytest.raises(ConvletError, match="has no place for the table, expected the lines <!--"):
        put_into(readme, markdown([ENTRY]))
    assert readme.read_text() == f"text\n{BEGIN}\n"
