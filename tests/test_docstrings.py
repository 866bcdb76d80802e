"""Docstrings name parameters and attributes that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import dualtape

PACKAGE = Path(dualtape.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


def names_under(docstring: str, title: str) -> set[str]:
    """The names that a section of NumPy's layout describes."""
    section = re.search(rf"^{title}\n-+\n(.*?)(?=^\S[^\n]*\n-+\n|\Z)", docstring, re.S | re.M)
    described = re.findall(r"^(\S[^\n]*)\n    \S", section[1], re.M) if section else []
    return {name.strip(" *`") for line in described for name in line.split(" : ")[0].split(",")}


def arguments_of(function: ast.FunctionDef) -> set[str]:
    every = function.args
    stars = [argument for argument in (every.vararg, every.kwarg) if argument]
    return {argument.arg for argument in (*every.posonlyargs, *every.args, *every.kwonlyargs, *stars)}


def members_of(cls: ast.ClassDef) -> set[str]:
    """Methods, fields, and whatever is assigned to ``self``."""
    names = set()
    for node in ast.walk(cls):
        match node:
            case ast.FunctionDef(name=name):
                names |= {name} | (arguments_of(node) if name in ("__init__", "__new__") else set())
            case ast.Attribute(attr=name, ctx=ast.Store()) | ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
    return names


def dead_names(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and (text := ast.get_docstring(node)):
            dead = names_under(text, "Parameters") - arguments_of(node)
        elif isinstance(node, ast.ClassDef) and (text := ast.get_docstring(node)):
            members = members_of(node)
            dead = names_under(text, "Parameters") - members
            if "__getattr__" not in members:  # which may make any
                dead |= names_under(text, "Attributes") - members
        else:
            continue
        found += [f"{node.name}: {name}" for name in sorted(dead)]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_docstrings_name_what_there_is(path: Path) -> None:
    assert dead_names(path.read_text(encoding="utf-8")) == []


SOURCE = '''
class Box:
    """A box.

    Attributes
    ----------
    width, height
        Its sides.
    depth
        It has none.
    """

    def __init__(self, width):
        self.width = self.height = width

    def scale(self, by, *rest):
        """Make it larger.

        Parameters
        ----------
        by
            How much.
        about
            Where it stays.
        *rest
            Nothing.

        Returns
        -------
        Box
            Itself.
        """
'''


def test_a_dead_name_is_found() -> None:
    assert dead_names(SOURCE) == ["Box: depth", "scale: about"]
