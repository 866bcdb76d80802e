"""Arguments under several names: MindSpore has more than one for the same thing, dualtape one for each function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from dualtape.errors import ArgumentTypeError


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
