"""The building blocks of the page: sections, tables, and numbers with their units. All of them are HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from convlet.figures import shortened


def class_name(label: str) -> str:
    """The name of a class, shortened; the whole of it where the mouse rests."""
    short = shortened(label)
    return escape(label) if short == label else f'<span title="{escape(label)}">{escape(short)}</span>'


def section(name: str, title: str, text: str, content: str) -> str:
    """A section of the page; `name` is what a link to it has behind the #."""
    return f'<section id="{name}"><h2>{title}</h2><p>{text}</p>{content}</section>\n'


def scrolling(content: str, kind: str = "") -> str:
    """What may be wider than a phone."""
    return f'<div class="scroll {kind}">{content}</div>'


def columns(*contents: str) -> str:
    """Side by side where there is room for it."""
    return f'<div class="columns">{"".join(f"<div>{content}</div>" for content in contents)}</div>'


def table(heads: Sequence[str], rows: Iterable[str], texts: int = 1) -> str:
    """A table; its first `texts` columns hold words, the others numbers."""
    cells = "".join(
        f"<th{' class=text' if index < texts else ''}>{escape(head)}</th>" for index, head in enumerate(heads)
    )
    return scrolling(f'<table class="data"><tr>{cells}</tr>{"".join(rows)}</table>')


def row(*cells: str, texts: int = 1, kind: str = "") -> str:
    """A row of a table; the cells are HTML."""
    shown = "".join(
        f"<td{' class=text' if index < texts else ''}>{cell}</td>" for index, cell in enumerate(cells)
    )
    return f'<tr class="{kind}">{shown}</tr>'


def key(text: str, colour: str, value: str = "") -> str:
    """A word of a legend behind its colour; `value` in bold behind it."""
    return f'<span class="key"><i style="background:{colour}"></i>{escape(text)} <b>{value}</b></span>'


def share_bar(part: int, whole: int) -> str:
    """A bar as long as the share of `part` in `whole`."""
    return f'<span class="bar"><i style="width:{100 * part / max(1, whole):.1f}%"></i></span>'


def note(text: str, good: bool = False) -> str:
    """A sentence to be seen; `good` is one of praise."""
    return f'<div class="note{" praise" if good else ""}">{escape(text)}</div>'


def shape_text(shape: Sequence[int]) -> str:
    return " \u00d7 ".join(map(str, shape))


def count_text(count: int) -> str:
    """Nothing for 0."""
    return f"{count:,}" if count else ""


def decibels(value: float) -> str:
    """A ratio in dB; what is above 100 is no difference that float32 could show."""
    return "exact" if value > 100 else f"{value:.1f}"


def bytes_text(count: int) -> str:
    return f"{count:,} <small>bytes</small>"


def large_number(count: int) -> str:
    """With three digits from a million on."""
    for unit, name in ((1_000_000_000, "billion"), (1_000_000, "million")):
        if count >= unit:
            return f"{count / unit:.3g} <small>{name}</small>"
    return f"{count:,}"


def time_text(seconds: float) -> str:
    for unit, name in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds * 1e6:.0f} µs"
