"""Leads what esptool would print to a `Progress`. Imported only where esptool is known to be there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from esptool import logger
from esptool.logger import TemplateLogger

from convlet.progress import SILENT, Progress


class _Log(TemplateLogger):
    """esptool has one log for the whole process, which cannot be taken back: so it is set once, and redirected."""

    def __init__(self) -> None:
        self.progress: Progress = SILENT
        self.advance: Callable[[float], None] | None = None
        self.share = 0.0

    def print(self, *args: object, **kwargs: object) -> None: ...

    def note(self, message: str) -> None: ...

    def stage(self, finish: bool = False) -> None: ...

    def set_verbosity(self, verbosity: str) -> None: ...

    def warning(self, message: str) -> None:
        self.progress.detail(f"esptool warns: {message}")

    def error(self, message: str) -> None:
        self.progress.detail(f"esptool: {message}")

    def progress_bar(
        self, cur_iter: int, total_iters: int, prefix: str = "", suffix: str = "", bar_length: int = 30
    ) -> None:
        if self.advance and total_iters:
            self.advance(cur_iter / total_iters - self.share)
            self.share = cur_iter / total_iters


_LOG = _Log()
_esptools_own: Any = logger.log
_esptools_own.set_logger(_LOG)


@contextmanager
def reporting(progress: Progress, advance: Callable[[float], None] | None = None) -> Iterator[None]:
    """Within: esptool's warnings go to `progress`, and `advance` gets each share of the work, 1 in all."""
    _LOG.progress, _LOG.advance, _LOG.share = progress, advance, 0.0
    try:
        yield
    finally:
        _LOG.progress, _LOG.advance = SILENT, None
