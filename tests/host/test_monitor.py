"""What is read from a script's lines, and how it looks in a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from convlet.commands.monitor import BAR_CELLS, View
from convlet.monitor import Reading, follow, read_line
from raw_repl_board import board_with
from rich.console import Console


@pytest.mark.parametrize(
    ("line", "label", "percent"),
    [
        ("7 is a 7   99.6 %  1723 us", "7 is a 7", 99.6),
        ("  6.5 s  Walking     99 %", "Walking", 99),
        (" 20.6 s  Badminton  100 %", "Badminton", 100),
        ("frame 3: a cat (87 %)", "a cat", 87),
        ("yes 5%", "yes", 5),
        ("share 250 %", "share", 100),
    ],
)
def test_class_and_percentage_of_a_line(line: str, label: str, percent: float) -> None:
    assert read_line(line) == Reading(line, label, percent)


@pytest.mark.parametrize("line", ["", "10 of 10 right", "99 %", " 25.0 s  the end"])
def test_line_without_a_class(line: str) -> None:
    assert read_line(line) == Reading(line)


def test_view_has_a_bar_for_each_class() -> None:
    view = View()
    for line in ("Walking 50 %", "Running 100 %", "Walking 25 %", "the end"):
        view.add(read_line(line))
    console = Console(width=100)
    with console.capture() as shown:
        console.print(view)
    walking, running, last = shown.get().splitlines()
    assert walking.startswith("Walking")
    assert walking.rstrip().endswith("25.0 %")
    assert running.count("━") == BAR_CELLS
    assert running.startswith("Running")
    assert running.rstrip().endswith("100.0 %")
    assert last == "the end"


def test_lines_come_one_by_one_until_the_script_ends(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("print('Walking', 99, '%')\nprint('é done')\nprint('no end of line', end='')")
    seen: list[Reading] = []
    with board_with(tmp_path) as port:
        assert follow(port, script, seen.append)
    assert seen == [Reading("Walking 99 %", "Walking", 99), Reading("é done")]
