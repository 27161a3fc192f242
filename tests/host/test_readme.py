"""The README says what is true."""

import re
from pathlib import Path

from convlet.ops import REGISTRY

README = (Path(__file__).parents[2] / "README.md").read_text()
WITHOUT_A_KERNEL = {"COPY", "LOOKUP", "PACK", "SHAPE"}  # folded away, or made by a pass


def test_the_list_of_operators_is_complete():
    begin = README.index("Today: ")
    listed = set(re.findall(r"[A-Z][A-Z_0-9]{2,}", README[begin : README.index(".\n", begin)]))
    assert listed == REGISTRY.keys() - WITHOUT_A_KERNEL
