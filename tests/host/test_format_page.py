import doctest
import re
from pathlib import Path

from convlet.format import OPERATORS, RECORDS
from convlet.format_page import format_page
from convlet.limits_page import COMPILER_LIMITS, FORMAT_LIMITS, with_tables
from convlet.operators_page import MADE_BY_PASSES, with_operators
from convlet.ops import REGISTRY

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "format.md"


def test_the_page_is_not_stale():
    assert PAGE.read_text() == format_page(), "run scripts/generate_docs.py"


def test_the_limits_are_not_stale():
    text = (DOCS / "limits.md").read_text()
    assert text == with_tables(text), "run scripts/generate_docs.py"
    for name, most in (FORMAT_LIMITS | COMPILER_LIMITS).items():
        assert f"| {name} | {most:,} |\n" in text


def test_the_operators_are_not_stale():
    text = (DOCS / "operators.md").read_text()
    assert text == with_operators(text), "run scripts/generate_docs.py"
    listed = set(re.findall(r"\b[A-Z][A-Z_0-9]{2,}\b", text.split("<!-- end -->")[0]))
    assert listed == REGISTRY.keys() - MADE_BY_PASSES


def test_it_has_every_field_operator_and_flag():
    text = PAGE.read_text()
    for record in RECORDS:
        section = text.split(f"### {record.name}: {record.size} bytes\n")[1].split("\n#")[0]
        assert all(f"| `{name}` |" in section for name, _, _ in record.fields)
    assert all(f"| {code} | {name} |" in text for code, name in enumerate(OPERATORS))
    for name in ("FLAG_STREAM", "FLAG_PLACED", "MAX_KERNEL_H", "MAX_INPUTS", "NO_OPERATOR", "CHANNEL_BYTES"):
        assert f"| `{name}` | " in text


def test_its_example_is_right(digits, monkeypatch):
    monkeypatch.chdir(digits.folder)
    found = doctest.testfile(str(PAGE), module_relative=False)
    assert (found.failed, found.attempted) == (0, 4)
