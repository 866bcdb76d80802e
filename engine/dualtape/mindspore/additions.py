"""Names that MindSpore's classes have and dualtape's lack are added to these, once this package is imported.

Tensors come from every operation, and stand on every level of a derivative: a subclass would be left with the first
sum. So the methods are put where they are looked for. What dualtape has already stays what it is; what is added is new
names, and new spellings of arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from dualtape.errors import ArgumentTypeError


def add_missing(owner: type, names: Mapping[str, Any]) -> None:
    """Give ``owner`` the attributes that neither it nor a base has."""
    for name, value in names.items():
        if not any(name in vars(base) for base in owner.__mro__):
            setattr(owner, name, value)


def respelled(function: Callable[..., Any], spellings: Mapping[str, str]) -> Callable[..., Any]:
    """``function``, whose arguments have other names too: ``spellings`` says which, as in ``{"dim": "axis"}``."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for name in [name for name in kwargs if name in spellings]:
            own = spellings[name]
            if own in kwargs:
                raise ArgumentTypeError(f"`{function.__name__}` got `{name}` and `{own}`, which are the same")
            kwargs[own] = kwargs.pop(name)
        return function(*args, **kwargs)

    return call
