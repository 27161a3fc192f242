"""What a person sees in the terminal: one rich console, tables and progress bars drawn on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichBar
from rich.table import Table
from rich.text import Text

from convlet.progress import Advance, Progress


class RichProgress(Progress):
    """Draws steps and bars on a rich console."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def step(self, text: str) -> None:
        self.console.print(Text.assemble(("> ", "bold cyan"), text), highlight=False)

    def detail(self, text: str) -> None:
        self.console.print(f"  {text}", highlight=False, markup=False)

    @contextmanager
    def bar(self, text: str, total: float) -> Iterator[Advance]:
        columns = (TextColumn("  {task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with RichBar(*columns, console=self.console) as progress:
            task = progress.add_task(text, total=total)
            yield lambda amount: progress.advance(task, amount)


def plain_table(*names: str, words: int) -> Table:
    """A table without a frame. Its first `words` columns hold words; numbers, in the others and in "#", stand right."""
    table = Table(*names, box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for index, column in enumerate(table.columns):
        if index >= words or column.header == "#":
            column.justify = "right"
    return table
