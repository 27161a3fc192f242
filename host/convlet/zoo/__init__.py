"""The models that `convlet train NAME` knows. Each is a file of its name here, whose `RECIPE` says how it is made."""

from __future__ import annotations

import importlib
import pkgutil

from convlet.errors import ConvletError
from convlet.recipe import Recipe

NAMES = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def find_recipe(name: str) -> Recipe:
    """The recipe called `name`. Raises ConvletError listing the known names when there is none."""
    if name not in NAMES:
        raise ConvletError(f"there is no model {name!r} in the zoo; it has: {', '.join(NAMES)}")
    recipe: Recipe = importlib.import_module(f"{__name__}.{name}").RECIPE
    return recipe
