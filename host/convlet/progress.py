"""How library functions report long work without printing: they are handed a `Progress`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[float], None]


class Progress:
    """Reports nothing. The command line passes `console.RichProgress` instead."""

    def step(self, text: str) -> None:
        """Say in one line what begins now."""

    def detail(self, text: str) -> None:
        """Say a result of the current step."""

    @contextmanager
    def bar(self, text: str, total: float) -> Iterator[Advance]:
        """A bar from 0 to `total`; the function it yields advances it by its argument."""
        yield lambda amount: None


SILENT = Progress()
