"""The README says what is true."""

import re
from pathlib import Path

from convlet.ops import REGISTRY
from convlet.zoo import NAMES
from convlet.zoo_table import BEGIN, COLUMNS, END

README = (Path(__file__).parents[2] / "README.md").read_text()
WITHOUT_A_KERNEL = {"COPY", "LOOKUP", "PACK", "SHAPE"}  # folded away, or made by a pass


def test_the_list_of_operators_is_complete():
    begin = README.index("Today: ")
    listed = set(re.findall(r"[A-Z][A-Z_0-9]{2,}", README[begin : README.index(".\n", begin)]))
    assert listed == REGISTRY.keys() - WITHOUT_A_KERNEL


def test_the_zoos_table_has_every_model_and_no_mismatch():
    lines = README[README.index(BEGIN) : README.index(END)].splitlines()[1:]
    headings, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    assert headings == [heading for heading, _ in COLUMNS]
    assert [row[0] for row in rows][: len(NAMES)] == list(NAMES)
    assert {row[headings.index("Differ")].split(" of ")[0] for row in rows} == {"0"}
