"""micropython_module/convlet.pyi tells editors the names and arguments that the module has, on boards and here."""

from __future__ import annotations

import ast
import inspect
import subprocess
from pathlib import Path
from typing import Any

import convlet
from convlet.resources import MODULE_FOLDER
from golden import FOLDER

STUB = ast.parse((MODULE_FOLDER / "convlet.pyi").read_text())
FUNCTIONS = {node.name: node for node in STUB.body if isinstance(node, ast.FunctionDef)}
CLASS = next(node for node in STUB.body if isinstance(node, ast.ClassDef))
METHODS = {node.name: node for node in CLASS.body if isinstance(node, ast.FunctionDef)}  # the last overload
STREAM = (FOLDER / "stream.cvl").read_bytes()
ATTRIBUTES = {node.target.id for node in CLASS.body if isinstance(node, ast.AnnAssign)}  # type: ignore[union-attr]


def public(names: list[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def arguments_of(node: ast.FunctionDef) -> list[str]:
    given = node.args
    star = [f"*{given.vararg.arg}"] if given.vararg else []
    return [argument.arg for argument in given.args] + star + [argument.arg for argument in given.kwonlyargs]


def arguments_here(function: Any) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [f"*{each.name}" if each.kind == each.VAR_POSITIONAL else each.name for each in parameters]


def test_it_has_the_names_of_the_board(unix_micropython: Path) -> None:
    code = f"import convlet\nprint(dir(convlet))\nprint(dir(convlet.Model({STREAM!r})))"
    done = subprocess.run([unix_micropython, "-c", code], capture_output=True, text=True, check=True)
    module, model = (public(ast.literal_eval(line)) for line in done.stdout.splitlines())
    assert module == {CLASS.name, *FUNCTIONS}
    assert model == public(list(METHODS)) | ATTRIBUTES


def test_it_has_the_names_of_this_computer() -> None:
    assert public(dir(convlet.Model)) == public(list(METHODS)) | ATTRIBUTES
    assert {name for name in convlet.__all__ if not name.startswith("_")} == {CLASS.name, *FUNCTIONS}


def test_arguments_are_those_of_this_computer() -> None:
    for name, node in METHODS.items():
        assert arguments_of(node) == arguments_here(getattr(convlet.Model, name)), name
    for name, node in FUNCTIONS.items():
        assert arguments_of(node) == arguments_here(getattr(convlet, name)), name


def test_help_tells_the_methods(unix_micropython: Path) -> None:
    code = f"import convlet\nhelp(convlet.Model({STREAM!r}))"
    done = subprocess.run([unix_micropython, "-c", code], capture_output=True, text=True, check=True)
    told = dict(line.split(" -- ") for line in done.stdout.split("\n") if " -- " in line)
    assert {name.strip() for name in told} == public(list(METHODS))
    assert repr(convlet.Model(STREAM)) in done.stdout
