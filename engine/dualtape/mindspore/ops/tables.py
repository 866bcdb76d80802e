"""Tables of functions: names and what they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Functions = dict[str, Callable[..., Any]]


def named(functions: Functions) -> Functions:
    """The table, each of whose functions has the name that it stands under."""
    for name, function in functions.items():
        function.__name__ = function.__qualname__ = name
    return functions
