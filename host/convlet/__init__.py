"""Convlet: small int8 CNNs compiled to `.cvl` files and run from MicroPython, and on the laptop just the
same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convlet.engine import Model, check

__version__ = "0.1.0"
__all__ = ["Model", "__version__", "check"]


def __getattr__(name: str) -> Any:
    # The engine is loaded when it is used: the command line starts faster, and building it needs the package.
    if name in ("Model", "check"):
        from convlet import engine

        return getattr(engine, name)
    raise AttributeError(f"module 'convlet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
